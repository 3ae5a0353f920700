/** Runs of pipelines: scripts and words, failures, conditions, retries, outputs and results. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PipelineResult } from "../../../ops/pipeline/run/pipeline.js";
import { exitStatusOf } from "../../../tui/cli/follow/exit-status.js";
import { cases } from "../../faults/mode.js";
import { runOperation, startOperation } from "../../harness/testing/index.js";
import { isRunning } from "../pids.js";
import { temporary } from "../temporary.js";
import {
  command,
  envOf,
  fileOf,
  param,
  script,
  stage,
  template,
  typeOf,
  words,
} from "./hand-made.js";

type File = Parameters<typeof typeOf>[0];

function run(file: File, params: Record<string, unknown> = {}, options = {}) {
  return runOperation(typeOf(file), params, options);
}

/** The values as the commands printed them, base64. */
async function seen(value: string): Promise<{ inScript: string; inWords: string; inEnv: string }> {
  const dir = temporary();
  const show = (name: string) => `printf %s "$${name}" >${name}`;
  const file = fileOf(
    [
      stage("Script", show("value")),
      stage("Words", words("sh", "-c", 'printf %s "$1" >words', "sh", "$value")),
      stage("Env", show("copy"), { env: envOf({ copy: "<$value>" }) }),
    ],
    { params: [param("value")] },
  );
  const { state, error } = await run(file, { value }, { cwd: dir });
  expect(error).toBeNull();
  expect(state).toBe("succeeded");
  expect(readdirSync(dir).sort()).toEqual(["copy", "value", "words"]);
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  return { inScript: read("value"), inWords: read("words"), inEnv: read("copy") };
}

describe("the temporary directory", () => {
  afterEach(() => vi.unstubAllEnvs());

  const emptied = async (then: string) => {
    const dir = join(temporary(), "tmp");
    mkdirSync(dir);
    vi.stubEnv("TMPDIR", dir);
    const clean = `rm -rf ${dir}/* && ${then.replaceAll("DIR", dir)}`;
    const next = stage("Next", 'echo "size=1" >>"$LIVEOPS_OUTPUT"', { outputs: ["size"] });
    return { dir, done: await run(fileOf([stage("Clean", clean), next])) };
  };

  it("may be emptied while a stage runs", async () => {
    const { dir, done } = await emptied("true");
    expect(done.error).toBeNull();
    expect(done.result).toMatchObject({ outputs: { size: "1" } });
    expect(readdirSync(dir)).toEqual([]);
  });

  it("is named where it cannot be written", async () => {
    const { dir, done } = await emptied("rmdir DIR");
    expect(done.error!.message).toMatch(
      /^the temporary directory .* cannot be written: ENOENT: .*; free space there, or set TMPDIR to another directory$/,
    );
    expect(done.error!.message).toContain(dir);
  });
});

describe("values", () => {
  it.each([
    '"; touch pwned; echo "',
    "$(touch pwned)",
    "`touch pwned`",
    "a b\tc  *",
    "line\nline\n",
    "-rf",
    "--",
    "",
    "$HOME ${IFS} $$",
    "ü 漢 🦊 \u202e",
    "'\\''",
    "%s%n",
  ])("reach a command as they are, and nothing in them runs: %j", async (value) => {
    expect(await seen(value)).toEqual({ inScript: value, inWords: value, inEnv: `<${value}>` });
  });

  it("reach a command as they are, whatever they are", async () => {
    const text = fc
      .string({ unit: "binary", maxLength: 40 })
      .filter((each) => !/[\0\p{Cs}]/u.test(each));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await seen(value)).toEqual({ inScript: value, inWords: value, inEnv: `<${value}>` });
      }),
      { numRuns: cases(8) },
    );
  });

  it("of env that are too long together are an error of the stage", async () => {
    const twice = stage("A", "true", { env: envOf({ both: "$v$v" }) });
    const { error } = await run(fileOf([twice], { params: [param("v")] }), {
      v: "x".repeat(100_000),
    });
    expect(error?.message).toMatch(
      /^"A": the variable both has 200000 bytes, more than the 122880 /,
    );
    expect(error?.stack).toBeNull();
  });

  it("are overridden in this order: submit, param, output, env of the pipeline, env of the stage", async () => {
    const names = ["one", "two", "three", "four"];
    const print = `echo "${names.map((name) => `$${name}`).join(" ")}"`;
    const file = fileOf(
      [
        stage("Out", `for n in two three four; do echo "$n=output" >>"$LIVEOPS_OUTPUT"; done`, {
          outputs: ["two", "three", "four"],
        }),
        stage("Show", print, { env: envOf({ four: "stage" }) }),
      ],
      {
        params: names.map((name) => param(name)),
        env: envOf({ three: "pipeline", four: "pipeline" }),
      },
    );
    const params = Object.fromEntries(names.map((name) => [name, "param"]));
    const env = Object.fromEntries(names.map((name) => [name, "submit"]));
    const { texts, error } = await run(file, params, { env });
    expect(error).toBeNull();
    expect(texts("stdout")).toEqual(["param output pipeline stage"]);
  });

  it("that are absent are not in the environment, and an error in words", async () => {
    const params = [param("level")];
    const test = stage("A", 'echo "${level-unset} ${copy-unset}"', {
      env: envOf({ copy: "$level" }),
    });
    const first = await run(fileOf([test], { params }), {}, { env: { level: "outer" } });
    expect(first.texts("stdout")).toEqual(["unset unset"]);
    const second = await run(fileOf([stage("A", words("echo", "$level"))], { params }));
    expect(second.error?.message).toMatch(
      /^"A": \$level has no value: give level=… \(at \S+:\d+\)$/,
    );
  });
});

describe("a script", () => {
  it("stops at the first failure, also within a pipe, and its line of the file is in the error", async () => {
    const text = [
      "stages:",
      "  - name: A",
      "    run: |",
      "      echo one",
      "      ls ./missing | cat",
      "      echo two",
    ];
    const lines = "echo one\nls ./missing | cat\necho two\n";
    const { error, result, texts } = await run(
      fileOf([stage("A", script(lines, 4))], {}, text.join("\n")),
    );
    expect(error?.message.split("\n")[0]).toBe(
      '"A" exited with 2 at /pipelines/nightly.yaml:5: ls ./missing | cat',
    );
    expect(error).toMatchObject({
      code: "LIVEOPS_EXCEPTION",
      stack: null,
      place: { file: "/pipelines/nightly.yaml", line: 5 },
      command: "ls ./missing | cat",
    });
    expect(result).toMatchObject({ exitCode: 2, failedStage: "A" });
    expect(texts("stdout")).not.toContain("two");
    // What the command is, the file and the error say.
    expect(texts("log")).toEqual([]);
  });

  it.each([
    ["f() {\n  false\n}\nf", 2, "false"],
    ["echo\n(\n  cd /\n  false\n)", 4, "false"],
    ["x=$(\nfalse)", 2, "x=$(false)"],
    ["if true; then\n for i in 1; do\n  grep -q x /dev/null\n done\nfi", 3, "grep -q x /dev/null"],
    ["false || true\nx=$(false; echo ok)\nnosuchcommand", 3, "nosuchcommand"],
    ["set -x\nfalse", 2, "false"],
    ["trap 'echo bye' EXIT\nfalse", 2, "false"],
  ])("%j fails in its line %i", async (lines, line, command) => {
    const { error } = await run(fileOf([stage("A", lines)], {}, lines));
    expect(error?.message.split("\n")[0]).toMatch(
      new RegExp(` at /pipelines/nightly.yaml:${line}: `),
    );
    expect(error?.message.split("\n")[0]?.endsWith(`: ${command}`)).toBe(true);
    expect(error?.command).toBe(command);
  });

  it.each(["false || exit 7", "set +e\nfalse\nexit 7", "x=$(exit 7; true) || exit 7"])(
    "%j names no line, because the script ended itself",
    async (lines) => {
      const { error, result } = await run(fileOf([stage("A", `true\n${lines}`)]));
      const to = 1 + lines.split("\n").length;
      expect(error?.message.split("\n")[0]).toBe(
        `"A" exited with 7 at /pipelines/nightly.yaml:1–${to}`,
      );
      expect(error?.place).toMatchObject({ line: 1, to });
      expect(error).not.toHaveProperty("command");
      expect(result).toMatchObject({ exitCode: 7 });
    },
  );

  it("has its own BASH_ENV, descriptors and trace", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "env.sh"), "greeting=hello\n");
    const count = "ls /proc/self/fd | wc -l";
    const plain = await run(fileOf([stage("A", words("bash", "-euo", "pipefail", "-c", count))]));
    const lines =
      'echo "$greeting $BASH_ENV"; ls /proc/self/fd | wc -l; bash -c \'echo "$greeting"\'; set -x; ! false';
    const { texts, error } = await run(
      fileOf([stage("A", lines)]),
      {},
      { env: { BASH_ENV: join(dir, "env.sh") } },
    );
    expect(error).toBeNull();
    expect(texts("stdout")).toEqual([
      `hello ${join(dir, "env.sh")}`,
      plain.texts("stdout")[0],
      "hello",
      "+ false",
    ]);
  });

  it("has no BASH_ENV where none was set", async () => {
    const { texts } = await run(
      fileOf([stage("A", 'echo "${BASH_ENV-unset}"; bash -c \'echo "${BASH_ENV-unset}"\'')]),
    );
    expect(texts("stdout")).toEqual(["unset", "unset"]);
  });

  it("runs with sh -eu where there is no bash", async () => {
    const dir = temporary();
    const env = envOf({ PATH: dir });
    const { texts, error } = await run(fileOf([stage("A", "echo $0 $-\nfalse\necho no", { env })]));
    expect(texts("stdout")[0]).toMatch(/^\/bin\/sh .*e.*u|u.*e/);
    expect(error?.message).toMatch(/^"A" exited with 1 at \/pipelines\/nightly.yaml:1–3\n/);
  });

  it("that is not valid for bash is an error with bash's own message", async () => {
    const { error } = await run(fileOf([stage("A", "echo 'x")]));
    expect(error?.message).toMatch(/^"A" exited with 2 at .*\nbash: .*unexpected EOF/);
  });
});

describe("words", () => {
  it("run without a shell, and the error shows names in the place of values", async () => {
    const params = [param("dir")];
    const { error } = await run(fileOf([stage("A", words("ls", "--", "$dir/x"))], { params }), {
      dir: "/no such",
    });
    expect(error?.message.split("\n")[0]).toBe(
      '"A" exited with 2 at /pipelines/nightly.yaml:1: ls -- $dir/x',
    );
    expect(error?.command).toBe('ls -- "$dir"/x');
  });

  it("whose program is missing are an error with the place", async () => {
    const { error, state } = await run(fileOf([stage("A", words("nosuchprogram"))]));
    expect(state).toBe("failed");
    expect(error?.message).toBe(
      '"A": there is no command "nosuchprogram" on the PATH: check the spelling, or give its full path (at /pipelines/nightly.yaml:1: nosuchprogram)',
    );
  });
});

describe("directories", () => {
  it("of a stage begin at that of the pipeline, which begins at that of the submit", async () => {
    const dir = temporary();
    const params = [param("sub")];
    const make = stage("A", "mkdir -p a/b", {});
    const show = stage("B", "pwd", { cwd: template("$sub") });
    const { texts, error } = await run(
      fileOf([make, { ...show, cwd: template("a/$sub") }], { params }),
      { sub: "b" },
      { cwd: dir },
    );
    expect(error).toBeNull();
    expect(texts("stdout")).toEqual([join(dir, "a/b")]);
  });
});

describe("when", () => {
  it("exits with 0: the stage runs; 1: it is skipped with the reason; else the stage fails", async () => {
    const skipped = stage("B", "echo no >&2; exit 9", {
      when: script("test -s ./missing"),
      outputs: ["size"],
    });
    const failing = stage("C", "echo no", { when: script('echo "$LIVEOPS_STAGE"; exit 3') });
    const { record, result, error, texts } = await run(
      fileOf([stage("A", "true", { when: words("true") }), skipped, failing]),
    );
    expect(record.stageStates).toEqual({ A: "done", B: "skipped", C: "failed" });
    expect(record.stageTimes.B?.reason).toBe("when exited with 1: test -s ./missing");
    expect(error?.message).toMatch(/^when of "C" exited with 3 at /);
    expect(result).toMatchObject({
      exitCode: 3,
      failedStage: "C",
      stages: { B: { attempts: 0, exitCode: null } },
    });
    expect(texts("stdout")).toEqual(["C"]);
  });

  it.each([
    ['[ "$targt" = prod ]', /targt: unbound variable/],
    ['if [ "$targt" = prod ]; then exit 0; else exit 1; fi', /targt: unbound variable/],
    ['check() { test "$1" = "$targt"; }; check prod || exit 1', /targt: unbound variable/],
    ['test -n "${targt:?}"', /targt: parameter null or not set/],
  ])("with an error of the shell fails the stage in bash: %s", async (when, message) => {
    const { record, error } = await run(fileOf([stage("A", "true", { when: script(when) })]));
    expect(record.stageStates).toEqual({ A: "failed" });
    expect(error?.message).toMatch(
      /^when of "A": bash ended the script for an error in it at .*nightly\.yaml:1: /,
    );
    expect(error?.message).toMatch(message);
  });

  it("with a variable that is not set fails the stage in sh", async () => {
    const more = { when: script('[ "$targt" = x ]'), env: envOf({ PATH: "/dev/null" }) };
    const { record, error } = await run(fileOf([stage("A", "true", more)]));
    expect(record.stageStates).toEqual({ A: "failed" });
    expect(error?.message).toMatch(/^when of "A" exited with 2 at /);
  });

  it.each([
    "exit 1",
    "false",
    "! true",
    "[ a = b ] && [ c = d ]",
    "is() { [ a = b ]; }; is",
    "is() { exit 1; }; is",
    "if true; then exit 1; fi",
    "(exit 1)",
    "[[ a == b ]] || exit # no",
    'echo "${targt-none}"; x=$(false)',
    "exec false",
    "set +e; false",
    "false \\",
  ])("that answers no skips the stage in bash: %s", async (when) => {
    const { record, error, stages } = await run(
      fileOf([stage("A", "false", { when: script(when) })]),
    );
    expect(error).toBeNull();
    expect(record.stageStates).toEqual({ A: "skipped" });
    expect(stages).toContainEqual(expect.objectContaining({ name: 'when of "A"', state: "done" }));
  });

  it("of a skipped stage: its outputs are missing, and words say why", async () => {
    const out = stage("A", "exit 9", { when: script("false"), outputs: ["size"] });
    const { error } = await run(
      fileOf([out, stage("B", 'echo "${size-none}"'), stage("C", words("echo", "$size"))]),
    );
    expect(error?.message).toMatch(
      /^"C": the output size is missing: the stage "A" was skipped \(at \S+:\d+\)$/,
    );
  });
});

describe("retry", () => {
  const flaky = (exit: number) => `echo x >>tries; [ "$(wc -l <tries)" -ge 3 ] || exit ${exit}`;

  it("runs the command again, says so, and counts", async () => {
    const retry = { attempts: 3, backoff: 0.01, exit: null };
    const { result, texts, statuses } = await run(
      fileOf([stage("A", flaky(75), { retry })]),
      {},
      { cwd: temporary() },
    );
    expect(result).toMatchObject({ exitCode: 0, stages: { A: { attempts: 3, exitCode: 0 } } });
    expect(texts("log").filter((line) => line.includes("; attempt "))).toEqual([
      expect.stringMatching(/^"A" exited with 75 at .*; attempt 2 of 3 in 10ms$/),
      expect.stringMatching(/; attempt 3 of 3 in 20ms$/),
    ]);
    // The status stays through the stages after it.
    expect(statuses.map(({ text }) => text)).toContain("A: attempt 2 of 3 in 10ms");
    expect(statuses.at(-1)?.text).toBe("A: attempt 3 of 3 succeeded");
  });

  it("only after the exit codes of the list", async () => {
    const retry = { attempts: 3, backoff: 0.01, exit: [74] };
    const { result } = await run(
      fileOf([stage("A", flaky(75), { retry })]),
      {},
      { cwd: temporary() },
    );
    expect(result).toMatchObject({ exitCode: 75, stages: { A: { attempts: 1 } } });
  });

  it("drops the outputs of the run before", async () => {
    const retry = { attempts: 2, backoff: 0.01, exit: null };
    const once = "[ ! -e tried ] || exit 0; touch tried; echo v=stale >>$LIVEOPS_OUTPUT; exit 1";
    const { result, error, texts } = await run(
      fileOf([stage("A", once, { retry, outputs: ["v"] })], {
        finally: command('echo "${v-none}"'),
      }),
      {},
      { cwd: temporary() },
    );
    expect(error?.message).toMatch(/declares the output v, and its command did not write it/);
    expect((result as PipelineResult).outputs).toEqual({});
    expect(texts("stdout")).toEqual(["none"]);
  });

  it("waits no longer after a cancel", async () => {
    const retry = { attempts: 3, backoff: 1000, exit: null };
    const started = startOperation(typeOf(fileOf([stage("A", "exit 1", { retry })])), {});
    await started.untilLog(/attempt 2 of 3 in 17m/);
    const { state, record } = await started.cancel();
    expect(state).toBe("cancelled");
    expect(record.stageStates).toEqual({ A: "cancelled" });
  });
});

it("the status does not say that a process holds the output when none does", async () => {
  const cwd = temporary();
  const held = "while ! [ -e go ]; do sleep 0.01; done &";
  const started = startOperation(
    typeOf(fileOf([stage("A", held), stage("B", "true")])),
    {},
    { cwd },
  );
  await started.untilEvent("status:changed", ({ status }) =>
    status.text.endsWith("holds its output open"),
  );
  writeFileSync(join(cwd, "go"), "");
  const { statuses } = await started.finished;
  expect(statuses.at(-1)?.text).toBe('"A" exited with 0');
});

describe("a signal", () => {
  it("that ends a command is in the result of the stage and of the pipeline, and gives the exit status", async () => {
    const allowed = stage("A", "kill -TERM $$", { allowFailure: true });
    const { state, result } = await run(fileOf([allowed, stage("B", "kill -SEGV $$")]));
    expect(result).toMatchObject({
      exitCode: null,
      signal: "SIGSEGV",
      stages: {
        A: { exitCode: null, signal: "SIGTERM" },
        B: { exitCode: null, signal: "SIGSEGV" },
      },
    });
    expect(exitStatusOf({ state, result } as never)).toBe(139);
  });
});

describe("timeout", () => {
  it("of a stage ends its process group, and the error says so", async () => {
    const lines = 'sleep 60 & echo "$!"; sleep 60';
    const { error, state, texts } = await run(
      fileOf([stage("A", lines, { timeout: 0.3 })], { finally: null }),
      {},
    );
    expect(state).toBe("failed");
    expect(error?.message).toBe(
      '"A" ran longer than its timeout of 300ms, and its processes were stopped, at /pipelines/nightly.yaml:1',
    );
    expect(isRunning(Number(texts("stdout")[0]))).toBe(false);
  });
});

describe("allow_failure", () => {
  it("continues, and the stage and the result show it", async () => {
    const { record, state, result, texts } = await run(
      fileOf([stage("A", "exit 4", { allowFailure: true }), stage("B", "echo on")]),
    );
    expect(state).toBe("succeeded");
    expect(record.stageStates).toEqual({ A: "allowed-failure", B: "done" });
    expect(result).toMatchObject({
      exitCode: 0,
      stages: { A: { exitCode: 4, allowedFailure: true } },
    });
    expect(texts("liveops")).toEqual([
      expect.stringMatching(/^stage "A" failed.*"A" exited with 4 at /),
    ]);
    expect(record.resultText).toBe("1 of 2 stages done, 1 failed, which is allowed");
  });

  it("and where all are done, the result tells what each took", async () => {
    const { record } = await run(fileOf([stage("Build", "true"), stage("Test", "true")]));
    expect(record.resultText).toMatch(/^Build \d+ms, Test \d+ms$/);
  });
});

describe("outputs", () => {
  it("reach later stages, words, the result and its text", async () => {
    const write = 'printf "size=12 34\\nnotes<<E O F\\na=b\\n\\nc\\nE O F\\n" >>"$LIVEOPS_OUTPUT"';
    const { result, record, error, texts } = await run(
      fileOf([
        stage("A", write, { outputs: ["size", "notes"] }),
        stage("B", 'echo "$size|$notes"'),
        stage("C", words("echo", "$size")),
      ]),
    );
    expect(error).toBeNull();
    expect(texts("stdout")).toEqual(["12 34|a=b", "", "c", "12 34"]);
    expect((result as PipelineResult).outputs).toEqual({ size: "12 34", notes: "a=b\n\nc" });
    expect(record.resultText).toBe("size=12 34\nnotes:\n  a=b\n  \n  c");
  });

  it.each([
    [
      "other=1",
      /line 1 of \$LIVEOPS_OUTPUT sets the output "other", and the stage declares size: add it to outputs/,
    ],
    ["size=1\nrubbish", /line 2 of \$LIVEOPS_OUTPUT, "rubbish": it must be name=value/],
    ["size<<END\nx", /line 1 of \$LIVEOPS_OUTPUT, "size<<END": no line "END" ends it/],
    ["", /declares the output size, and its command did not write it/],
    [`size=${"x".repeat(70_000)}`, /has 70005 bytes, more than 65536/],
  ])("%.30j is an error of the stage", async (text, message) => {
    const dir = temporary();
    writeFileSync(join(dir, "out"), text);
    const file = fileOf([stage("A", 'cat out >"$LIVEOPS_OUTPUT"', { outputs: ["size"] })]);
    const { error, record } = await run(file, {}, { cwd: dir });
    expect(error?.message).toMatch(message);
    expect(error?.message).toMatch(/^"A": .* \(at \S+:\d+\)$/);
    expect(record.stageStates).toEqual({ A: "failed" });
  });

  it("are taken from reports too; one that is not declared is an error", async () => {
    const report = (line: string) => `echo "output ${line}" >> "$LIVEOPS_REPORT"`;
    const given = [
      stage("A", report("size=5"), { outputs: ["size"] }),
      stage("B", 'echo "size $size"'),
    ];
    const { result, texts } = await run(fileOf(given));
    expect((result as PipelineResult).outputs).toEqual({ size: "5" });
    expect(texts("stdout")).toEqual(["size 5"]);
    const { error } = await run(fileOf([stage("A", report("other=5"))]));
    expect(error?.message).toContain(
      '"A": liveops report sets the output "other", and the stage declares none: add it to outputs (at ',
    );
  });

  it.each(["mkfifo", "ln -s /etc/passwd", "mkdir"])("made by %s are refused", async (command) => {
    const lines = `rm "$LIVEOPS_OUTPUT"; ${command} "$LIVEOPS_OUTPUT"`;
    const { error } = await run(fileOf([stage("A", lines, { outputs: ["size"] })]));
    expect(error?.message).toMatch(/^"A": \$LIVEOPS_OUTPUT /);
  });
});

describe("files of a run", () => {
  it("are removed, also those that a killed worker left", async () => {
    const left = join(tmpdir(), "liveops-abcdefghijkl-left");
    writeFileSync(left, "");
    const print = stage("A", 'dirname "$(dirname "$LIVEOPS_OUTPUT")"');
    const { texts } = await run(
      fileOf([print], { finally: command("true") }),
      {},
      { id: "abcdefghijkl" },
    );
    expect(texts("stdout")[0]).toMatch(/liveops-abcdefghijkl-\w+$/);
    expect(existsSync(texts("stdout")[0] as string)).toBe(false);
    expect(existsSync(left)).toBe(false);
  });
});
