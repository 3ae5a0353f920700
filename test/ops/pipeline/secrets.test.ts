/** Secrets: where their values come from, and that no report has one. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { handSecrets } from "../../../ops/runner/handed-secrets.js";
import { MASK, Masker } from "../../../ops/runner/masker.js";
import { runOperation } from "../../../ops/testing/index.js";
import { temporary } from "../temporary.js";
import { envOf, fileOf, param, stage, step, template, typeOf } from "./hand-made.js";

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
      { params, finally: step('echo "$token"; exit 1') },
    );
    const result = await runOperation(typeOf(file), { token: "env:TOKEN" }, { env: { TOKEN: SECRET } });
    const { events, log, record, texts } = result;
    expect(JSON.stringify([events, log, record])).not.toContain(SECRET);
    expect(JSON.stringify([events, log, record])).not.toContain(SECRET.slice(0, 7));
    expect(texts("stdout").slice(0, 3)).toEqual([`x${MASK}y`, MASK, `Bearer ${MASK}`]);
    expect(record.error?.message).toMatch(/^"Fails" exited with 4 at .*\n/);
    expect(record.error?.message).toContain(`${MASK} is wrong`);
  });

  it("is not in the arguments of any process", async () => {
    const lines = 'cat /proc/*/cmdline 2>/dev/null >seen || true; grep -ac "$token" seen >count || true';
    const cwd = temporary();
    const file = fileOf([stage("A", `${lines}; [ -s seen ]; grep -q '^0$' count`)], { params });
    const { error } = await runOperation(
      typeOf(file),
      { token: "env:TOKEN" },
      { cwd, env: { TOKEN: SECRET } },
    );
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
    ["file:/nonexistent", /^the secret token cannot be read: there is no file \/nonexistent$/],
    ["file:/dev/zero", /^the secret token cannot be read: \/dev\/zero is not a regular file$/],
    ["plain-text-value", /^the secret token must be env:NAME, file:PATH or prompt:/],
  ])(
    "that is missing, %s, is an error before any stage that says what to type",
    async (reference, message) => {
      const { error, stages } = await run("true", reference);
      expect(error).toMatchObject({
        code: "LIVEOPS_SECRET_MISSING",
        message: expect.stringMatching(message),
      });
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
    const { error } = await run('echo "size=<$token>" >>"$LIVEOPS_OUTPUT"', undefined, { outputs: ["size"] });
    expect(error?.message).toBe("the output size contains a secret, and outputs are stored in clear");
    const given = new Map([["x", { kind: "text" as const, text: template("a $token") }]]);
    const file = fileOf([stage("A", "true")], { params, then: { op: "next", with: given } });
    const next = await runOperation(typeOf(file), { token: "env:TOKEN" }, { env: { TOKEN: SECRET } });
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

describe("a masker", () => {
  it("hides the longest secret first, and what a cut has left of one", () => {
    const masker = new Masker();
    masker.add("abcdef");
    masker.add("abcdefgh");
    expect(masker.mask("<abcdefgh> <abcdef>")).toBe(`<${MASK}> <${MASK}>`);
    expect(masker.maskPiece("efgh, abcd")).toBe(`${MASK}, ${MASK}`);
    const line = "x".repeat(16 * 1024 - 6);
    expect(masker.maskLine(`${line}abcde`)).toBe(`${line}${MASK}`);
  });

  it("hides a secret that is coloured in part, and keeps the colours", () => {
    const masker = new Masker();
    masker.add("tr0ub4dor");
    const [red, plain] = ["\x1b[01;31m", "\x1b[m"];
    expect(masker.mask(`${red}a tr0${red}ub4${plain}dor${plain} tr0${red}ub4dor${plain}`)).toBe(
      `${red}a ${MASK}${red}${plain}${plain} ${MASK}${red}${plain}`,
    );
    expect(masker.mask(`${red}tr0ub4${plain} dor`)).toBe(`${red}tr0ub4${plain} dor`);
  });

  it("leaves names that connect events, and masks all else", () => {
    const masker = new Masker();
    masker.add("Dump");
    const left = {
      type: "stage:left",
      stage: "Dump",
      index: 0,
      state: "done",
      resumed: false,
      seconds: 1,
    } as const;
    expect(masker.maskEvent({ ...left, reason: "Dump ran" })).toEqual({ ...left, reason: `${MASK} ran` });
    expect(masker.maskValue({ Dump: ["a Dump", 1, null] })).toEqual({ [MASK]: [`a ${MASK}`, 1, null] });
  });
});
