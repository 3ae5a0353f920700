/** Secrets: where their values come from, and that no report has one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { handSecrets } from "../../../ops/secrets/handed-secrets.js";
import { MASK } from "../../../ops/secrets/masker.js";
import { runOperation } from "../../harness/testing/index.js";
import { temporary } from "../temporary.js";
import { command, envOf, fileOf, param, stage, template, typeOf } from "./hand-made.js";

const SECRET = "s3cr3t-äö-value";
const params = [param("token", { secret: true })];

function run(lines: string, token = "env:TOKEN", more = {}) {
  const file = fileOf([stage("A", lines, more)], { params });
  return runOperation(typeOf(file), { token }, { env: { TOKEN: SECRET } });
}

describe("a secret", () => {
  it("reaches the command, and no report has it, however the command prints it", async () => {
    const file = fileOf(
      [
        stage(
          "Print",
          'echo "x${token}y"; echo "$token" >&2; echo "$header"; printf %s "${token:0:5}"; sleep 0.4; echo "${token:5}"',
          {
            env: envOf({ header: "Bearer $token" }),
          },
        ),
        stage(
          "Status",
          'printf "%s\\r" "50% $token"; sleep 0.6; printf "${token:0:7}"; sleep 0.6; echo "${token:7}"',
        ),
        stage("Retried", 'echo "$token"; exit 3', {
          retry: { attempts: 2, backoff: 0, exit: null },
          allowFailure: true,
        }),
        stage("Fails", 'echo "$token is wrong"; exit 4'),
      ],
      { params, finally: command('echo "$token"; exit 1') },
    );
    const result = await runOperation(
      typeOf(file),
      { token: "env:TOKEN" },
      { env: { TOKEN: SECRET } },
    );
    const { events, log, record, texts } = result;
    expect(JSON.stringify([events, log, record])).not.toContain(SECRET);
    expect(JSON.stringify([events, log, record])).not.toContain(SECRET.slice(0, 7));
    expect(texts("stdout").slice(0, 3)).toEqual([`x${MASK}y`, MASK, `Bearer ${MASK}`]);
    expect(record.error?.message).toMatch(/^"Fails" exited with 4 at .*\n/);
    expect(record.error?.message).toContain(`${MASK} is wrong`);
  });

  it("is not in the arguments of any process", async () => {
    const dir = temporary();
    const [seen, count] = [join(dir, "seen"), join(dir, "count")];
    const lines = `cat /proc/*/cmdline 2>/dev/null >${seen} || true; grep -ac "$token" ${seen} >${count} || true`;
    const { error } = await run(`${lines}; [ -s ${seen} ]; grep -q '^0$' ${count}`);
    expect(error).toBeNull();
  });

  it("comes from a file without its last line end, from the submitter, or from the environment", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "token"), "from-file\n");
    const test = (value: string) => `[ "$token" = '${value}' ]`;
    expect((await run(test("from-file"), `file:${join(dir, "token")}`)).error).toBeNull();
    expect((await run(test(SECRET))).error).toBeNull();
    const release = handSecrets({ "env:TOKEN": "handed over", "prompt:token": "typed in" });
    expect((await run(test("handed over"))).error).toBeNull();
    expect((await run(test("typed in"), "prompt:token")).error).toBeNull();
    release();
  });

  it.each([
    [
      "env:NOWHERE",
      /^the secret token is the environment variable NOWHERE .*type|NOWHERE=… liveops retry [a-z0-9]{12}$/,
    ],
    ["prompt:token", /^the secret token was typed at the submit, .* liveops retry [a-z0-9]{12}$/],
    ["file:$DIR/missing", /^the secret token cannot be read: there is no file \/.*\/missing$/],
    ["file:/dev/zero", /^the secret token cannot be read: \/dev\/zero is not a regular file$/],
    ["plain-text-value", /^the secret token must be env:NAME, file:PATH or prompt:/],
  ])(
    "that is missing, %s, is an error before any stage that says what to type",
    async (reference, message) => {
      const { error, stages } = await run("true", reference.replace("$DIR", temporary()));
      expect(error).toMatchObject({
        code: "LIVEOPS_SECRET_MISSING",
        message: expect.stringMatching(message),
      });
      expect(error?.again).toBe(/ with: (.*)$/.exec(error!.message)?.[1]);
      expect(error?.message).not.toContain("plain-text-value");
      expect(stages).toEqual([]);
    },
  );

  it("that is too short to be masked is refused, and the message does not have it", async () => {
    const release = handSecrets({ "env:TOKEN": "abc" });
    const { error } = await run("true");
    release();
    expect(error?.message).toMatch(/^the secret token has fewer than 4 characters/);
    expect(error?.message).not.toContain("abc");
  });

  it("must not become an output, or a parameter of the next operation in a text", async () => {
    const { error } = await run('echo "size=<$token>" >>"$LIVEOPS_OUTPUT"', undefined, {
      outputs: ["size"],
    });
    expect(error?.message).toContain(
      "the output size contains a secret, and outputs are stored in clear",
    );
    const given = new Map([["x", { kind: "text" as const, text: template("a $token") }]]);
    const file = fileOf([stage("A", "true")], {
      params,
      then: { op: "next", line: 1, column: 1, with: given },
    });
    const next = await runOperation(
      typeOf(file),
      { token: "env:TOKEN" },
      { env: { TOKEN: SECRET } },
    );
    expect(next.error?.message).toBe(
      "then.with.x contains the secret token, and parameters are stored in clear",
    );
  });

  it("of several lines is hidden line by line", async () => {
    const dir = temporary();
    writeFileSync(join(dir, "key"), "-----BEGIN-----\nabcdefgh\n  indented\n}\n-----END-----\n");
    const { texts } = await run('echo "$token"', `file:${join(dir, "key")}`);
    expect(texts("stdout")).toEqual([MASK, MASK, MASK, "}", MASK]);
  });
});

/** Secrets that people have, each with what made the masks of it fail. */
const HARD = {
  quoted: "pa\"ss\\wörd's/&+x9 $1",
  long: `${numbered("K", 2048)}TAILTAIL-${numbered("Z", 375)}`,
};

/** Parts of 8 characters. */
function numbered(letter: string, count: number): string {
  return Array.from({ length: count }, (_, n) => letter + String(n).padStart(7, "0")).join("");
}

/** Runs stages with the secret; returns all that anybody can see of the run. */
async function seen(token: string, stages: Parameters<typeof fileOf>[0]) {
  const file = fileOf(stages, { params });
  const run = await runOperation(typeOf(file), { token: "env:TOKEN" }, { env: { TOKEN: token } });
  const { events, log, record, texts } = run;
  const submitted = events.filter(({ type }) => type !== "operation:submitted");
  return { run, texts, all: JSON.stringify([submitted, log, record]) };
}

describe("no part of a secret is seen", () => {
  it.each([
    ["on a pipe", {}],
    ["on a terminal", { tty: true }],
  ])("of one that is longer than a log line, %s", async (_, more) => {
    const { run, all, texts } = await seen(HARD.long, [
      stage("A", 'echo "<$token>"; printf %s "$token"; sleep 0.6; echo "$token" >&2; false', more),
    ]);
    expect(run.state).toBe("failed");
    expect(all).not.toMatch(/K\d{7}|TAILTAIL|Z\d{7}/);
    expect(texts("stdout").join("\n")).toBe("<***\n>\n***\n***");
  });

  it.each([
    ["on a pipe", {}],
    ["on a terminal", { tty: true }],
  ])("at the cut of a long line, %s", async (_, more) => {
    const token = "sk-live-0123456789abcdef";
    const script =
      "for n in 65530 16380 16377 32750; do head -c $n /dev/zero | tr '\\0' x; echo \"$token|\"; done";
    const { all, texts } = await seen(token, [stage("A", script, more)]);
    for (let at = 0; at + 8 <= token.length; at++)
      expect(all).not.toContain(token.slice(at, at + 8));
    expect(texts("stdout").join("").replace(/x+/g, "x")).toBe("x***|".repeat(4));
  });

  it("in the messages of liveops about what a script wrote", async () => {
    const script = (file: string) => `echo "token $token" >>"$${file}"; sleep 0.3`;
    const { run, all, texts } = await seen(HARD.quoted, [
      stage(
        "Reports",
        `${script("LIVEOPS_REPORT")}; echo "output a $token" >>"$LIVEOPS_REPORT"; sleep 0.3`,
      ),
      stage("Outputs", script("LIVEOPS_OUTPUT"), { outputs: ["x"] }),
    ]);
    expect(run.error?.message).toMatch(
      /^"Outputs": line 1 of \$LIVEOPS_OUTPUT, "token \*\*\*": it must be name=value/,
    );
    expect(texts("liveops")).toContain('LIVEOPS_REPORT: "output a ***" is not: output name=value');
    expect(all).not.toMatch(/pa\W+ss|rd\W+s\W+x9/);
  });

  it("in the forms of JSON, a traced shell, base64 and URLs", async () => {
    const script = `set -x
      : "$token" "user:$token" # prints what it does
      { set +x; } 2>/dev/null
      node -p 'JSON.stringify({ level: "info", token: process.env.token })'
      node -p 'JSON.stringify({ token: process.env.token }).replace(/[<>&]/g, "\\\\u0026")'
      node -p '[process.env.token]'
      printf '%q\\n' "$token"
      for before in '' u us usr; do printf '%s' "$before:$token" | base64 -w0; echo; done
      echo "$token" | base64
      node -p 'encodeURIComponent(process.env.token)'
      node -p 'new URLSearchParams({ q: process.env.token }).toString()'`;
    const { run, all } = await seen(HARD.quoted, [stage("A", script)]);
    expect(run.error).toBeNull();
    expect(all).not.toMatch(/pa\W+ss|rd\W*s\W+x9|%2F%26|x9[ +%]/);
    const core = Buffer.from(HARD.quoted).toString("base64").slice(0, -4);
    for (let at = 0; at + 8 <= core.length; at++) expect(all).not.toContain(core.slice(at, at + 8));
  });

  it("in a status, a reason and an error that are shorter than the secret", async () => {
    const { all } = await seen(HARD.long, [
      stage(
        "Status",
        'echo "status at $token" >>"$LIVEOPS_REPORT"; printf %s "$token"; sleep 0.8; echo',
        {
          allowFailure: true,
        },
      ),
      stage("Retried", 'echo "log info at $token" >>"$LIVEOPS_REPORT"; echo "$token"; exit 3', {
        retry: { attempts: 2, backoff: 0, exit: null },
        allowFailure: true,
      }),
      stage("Steps", 'echo "stage $token" >>"$LIVEOPS_REPORT"; sleep 0.3'),
    ]);
    expect(all).not.toMatch(/K\d{7}|TAILTAIL|Z\d{7}/);
  });
});
