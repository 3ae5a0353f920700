import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Shell } from "../../ops/shell.js";
import { runOperation, startOperation } from "../harness/testing/index.js";
import { isRunning, pidsOf } from "./pids.js";
import { temporary } from "./temporary.js";

describe("a command", () => {
  it("puts its output in the log, marked, and its exit code in the result", async () => {
    const script = "echo out; echo err >&2; printf tail";
    const run = await runOperation(Shell, { script, separate: true });
    expect(run.state).toBe("succeeded");
    expect(run.result).toEqual({ exitCode: 0, signal: null, seconds: expect.any(Number) });
    expect(run.texts("stdout")).toEqual(["out", "tail"]);
    expect(run.texts("stderr")).toEqual(["err"]);
  });

  it("gets its arguments as they are, through no shell", async () => {
    const run = await runOperation(Shell, {
      args: ["printf", "%s\n", "$HOME", "a  b", "*", "", "--", "it's"],
    });
    expect(run.texts("stdout")).toEqual(["$HOME", "a  b", "*", "", "--", "it's"]);
    expect(run.texts("log")[0]).toBe("$ printf $'%s\\n' '$HOME' 'a  b' '*' '' -- 'it'\\''s'");
  });

  it("gives a script what follows -- as its arguments", async () => {
    const run = await runOperation(Shell, { script: 'echo "$#:$2"', args: ["a", "b c"] });
    expect(run.texts("stdout")).toEqual(["2:b c"]);
  });

  it("runs in the attempt's directory and environment", async () => {
    const run = await runOperation(Shell, { script: 'pwd; echo "$PATH"' });
    expect(run.texts("stdout")).toEqual([process.cwd(), process.env.PATH]);
  });

  it("has an empty stdin", async () => {
    const run = await runOperation(Shell, { args: ["cat"] });
    expect([run.state, run.texts("stdout")]).toEqual(["succeeded", []]);
  });
});

describe("a failing command", () => {
  it("fails the stage and names the exit code, without a stack", async () => {
    const run = await runOperation(Shell, { args: ["sh", "-c", "exit 2"] });
    expect(run.error).toEqual({
      code: "LIVEOPS_EXCEPTION",
      message: "sh exited with 2",
      stack: null,
    });
    expect(run.result).toMatchObject({ exitCode: 2, signal: null });
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "stage:left", stage: "Run", state: "failed" }),
    );
  });

  it("names the signal that killed it", async () => {
    const run = await runOperation(Shell, { script: "kill -SEGV $$" });
    expect(run.error?.message).toBe("the script was killed by SIGSEGV");
    expect(run.result).toMatchObject({ exitCode: null, signal: "SIGSEGV" });
  });

  it.each([
    [
      ["no-such-command-here"],
      'there is no command "no-such-command-here" on the PATH: check the spelling',
    ],
    [
      ["echo hello && ls"],
      "give the command and each argument separately as words after --, or the complete line as script=…",
    ],
    [["./no/such/file"], "there is no ./no/such/file"],
    [[fileURLToPath(import.meta.url)], "is not executable"],
  ])("says why %j could not be started", async (args, message) => {
    const run = await runOperation(Shell, { args });
    expect(run.state).toBe("failed");
    expect(run.error?.message).toContain(message);
  });

  it("names the missing argument when there is no command", async () => {
    await expect(runOperation(Shell, {})).rejects.toThrow("liveops submit -- make -j4");
  });
});

describe("output", () => {
  it("is in the log while the command still runs", async () => {
    const fifo = join(temporary(), "fifo");
    const attempt = startOperation(Shell, {
      script: `mkfifo ${fifo}; echo first; cat ${fifo}; echo last`,
    });
    await attempt.untilLog(({ text }) => text === "first");
    expect(attempt.events.some(({ type }) => type === "stage:left")).toBe(false);
    writeFileSync(fifo, "second\n");
    expect((await attempt.finished).texts("stdout")).toEqual(["first", "second", "last"]);
  });

  it("that stands on an unfinished line is shown as the status", async () => {
    const fifo = join(temporary(), "fifo");
    const attempt = startOperation(Shell, {
      script: `mkfifo ${fifo}; printf '10%%\\r20%%\\r'; cat ${fifo}`,
    });
    await attempt.untilEvent("status:changed", ({ status }) => status.text === "20%");
    writeFileSync(fifo, "done\n");
    expect((await attempt.finished).texts("stdout")).toEqual(["done"]);
  });

  it("of a hundred thousand lines is complete and in order", async () => {
    const run = await runOperation(Shell, { args: ["seq", "100000"] });
    const lines = run.texts("stdout");
    expect(lines).toHaveLength(100_000);
    expect(lines.every((line, index) => line === `${index + 1}`)).toBe(true);
  });
});

describe("stdout and stderr", () => {
  const burst = `i=0; while [ $i -lt 500 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done`;

  it("keep their order in a burst", async () => {
    const run = await runOperation(Shell, { script: burst });
    expect(run.texts("stdout")).toEqual(
      Array.from({ length: 500 }, (_, i) => [`o${i}`, `e${i}`]).flat(),
    );
  });

  it("are marked apart with separate=yes", async () => {
    const run = await runOperation(Shell, { script: burst }, { set: ["separate=yes"] });
    const numbered = (letter: string) => Array.from({ length: 500 }, (_, i) => `${letter}${i}`);
    expect([run.texts("stdout"), run.texts("stderr")]).toEqual([numbered("o"), numbered("e")]);
  });

  it("can be opened by name", async () => {
    const run = await runOperation(Shell, { script: "echo a >/dev/stderr; echo b >/dev/stdout" });
    expect([run.state, run.texts("stdout")]).toEqual(["succeeded", ["a", "b"]]);
  });

  it("keep the colours of the program, and no other control sequence", async () => {
    const run = await runOperation(Shell, {
      script: String.raw`printf '\033[1;31mred\033[0m\033[2J\033]0;title\007 \033[32mgreen\n'; printf '\033[3'; sleep 0.1; printf '3mslow\n'`,
    });
    expect(run.texts("stdout")).toEqual(["\x1b[1;31mred\x1b[0m \x1b[32mgreen", "\x1b[33mslow"]);
  });

  it("keep the last frame of a coloured progress bar", async () => {
    const run = await runOperation(Shell, {
      script: String.raw`printf '\033[32m10%%\r\033[32m20%%\r\033[0m\n'`,
    });
    expect(run.texts("stdout")).toEqual(["\x1b[32m20%"]);
  });
});

describe("cancelling", () => {
  it("ends the whole group, grandchildren too", async () => {
    const attempt = startOperation(Shell, {
      script: "sleep 1000 & echo $!; sleep 1000 & echo $!; wait",
    });
    const pids = await pidsOf(attempt, 2);
    expect((await attempt.cancel()).state).toBe("cancelled");
    for (const pid of pids) expect(isRunning(pid)).toBe(false);
  });

  it("kills what does not end by itself, with its output closed too", async () => {
    const script =
      "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 1; done' >/dev/null 2>&1 & echo $!; wait";
    const attempt = startOperation(Shell, { script, grace: 0.1 });
    const [pid] = await pidsOf(attempt, 1);
    const run = await attempt.cancel();
    expect(run.state).toBe("cancelled");
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "stage:left", state: "cancelled" }),
    );
    expect(isRunning(pid as number)).toBe(false);
  });

  it("lets the command clean up first", async () => {
    const attempt = startOperation(Shell, {
      script: "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
    });
    await attempt.untilLog(({ text }) => text === "ready");
    const run = await attempt.cancel();
    // Between the two, the shell may name the ended sleep.
    const lines = run.texts("stdout");
    expect([run.state, lines[0], lines.at(-1)]).toEqual(["cancelled", "ready", "cleaned"]);
  });

  it("reaches a stopped process", async () => {
    const attempt = startOperation(Shell, { script: "echo $$; kill -STOP $$" });
    const [pid] = await pidsOf(attempt, 1);
    await attempt.cancel();
    expect(isRunning(pid as number)).toBe(false);
  });
});

it("a child that closed its output continues after the command", async () => {
  const file = join(temporary(), "went-on");
  const run = await runOperation(Shell, {
    script: `mkfifo ${file}.go; (cat ${file}.go >${file}) >/dev/null 2>&1 &`,
  });
  expect(run.state).toBe("succeeded");
  writeFileSync(`${file}.go`, "yes");
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8")).toBe("yes");
});
