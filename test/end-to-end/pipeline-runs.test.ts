/**
 * Pipelines through the real bins: secrets in no place, cancel and deaths, `then` by name, and
 * retries with another text.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formsOf } from "../../ops/secrets/secret-forms.js";
import { filesWith } from "./files-with.js";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld();

const SECRET = `tr0ub4dor-and-3-ümläuts-"'\\&<$`;

/**
 * Where the temporary directory is a tmpfs, the daemon keeps secrets here over its restart, in
 * memory.
 */
const inMemory = join(world.dir, "run/liveops/secrets");

/** The files below the world that have the secret in any form. */
function filesWithSecret(): string[] {
  return [...formsOf(SECRET), "ümläuts", "tr0ub4dor"]
    .flatMap((form) => filesWith(world.dir, form))
    .filter((file) => !file.startsWith(inMemory));
}

function pipeline(name: string, text: string): string {
  return world.write(`config/liveops/ops/${name}.yaml`, text);
}

async function said(id: string, text: string): Promise<void> {
  await until(`${id} says ${text}`, async () =>
    (await world.lines(id)).some((line) => line.includes(text)),
  );
}

test("a secret is in no file, reply or command line, and is there for a retry", async () => {
  pipeline(
    "deploy",
    `params: { token: { type: string, secret: true, required: true } }
env: { HEADER: "Bearer $token" }
stages:
  - name: Print
    run: |
      echo "$token" "$HEADER" >&2
      cat /proc/[0-9]*/cmdline 2>/dev/null >all || true
      if grep -qaF "$token" all; then echo "IN A COMMAND LINE"; fi
      rm all
      printf '%16370s' x; echo "$token"
      json=\${token//\\\\/\\\\\\\\}; echo "{\\"token\\":\\"\${json//\\"/\\\\\\"}\\"}"
      printf '%q' "$token"
      printf 'user:%s' "$token" | base64 -w0
      echo "token $token" >>"$LIVEOPS_REPORT"
      (set -x; : "$token") 2>&1
  - name: Fail
    run: echo "bad $token"; [ -e ok ]
finally: echo "$token"
`,
  );
  const env = { TOK: SECRET };
  const submitted = await world.liveops(["submit", "deploy", "token=env:TOK"], { env });
  const id = submitted.stdout.trim();
  const failed = await world.finished(id);
  expect(failed).toMatchObject({ state: "failed", params: { token: "env:TOK" } });
  expect(failed.error?.message).toMatch(/^"Fail" exited with 1 at .*deploy\.yaml:17: /);
  expect(failed.error?.message).toContain("bad ***");
  const lines = await world.lines(id);
  expect(lines).toContain("*** Bearer ***");
  expect(lines).not.toContain("IN A COMMAND LINE");
  const shown = await Promise.all(
    [
      ["show", id, "--json"],
      ["logs", id, "--json"],
      ["watch", id, "--json"],
      ["show", id],
    ].map((words) => world.liveops(words)),
  );
  for (const { stdout, stderr } of shown)
    for (const form of formsOf(SECRET)) expect(stdout + stderr).not.toContain(form);
  await until("state.json is written", () =>
    readFileSync(join(world.state, "state.json"), "utf8").includes(`"${id}"`),
  );
  expect(lines).toContain(`{"token":"***"}`);
  expect(lines).toContain(
    'LIVEOPS_REPORT: "token" is no report: give progress, percent, status, stage, log or output.',
  );
  expect(filesWithSecret()).toEqual([]);

  // Held in memory: the retry needs no value. After a restart of the machine it does.
  await world.liveops(["retry", id]);
  expect(
    await world.record(id, ({ attempt, state }) => attempt === 2 && state === "failed"),
  ).toMatchObject({
    error: { code: "LIVEOPS_EXCEPTION" },
    stageTimes: { Print: { resumed: true, reason: "done in attempt 1" } },
  });
  rmSync(inMemory, { recursive: true, force: true });
  await world.liveopsd(["restart"]);
  await world.liveops(["retry", id]);
  const missing = await world.record(
    id,
    ({ attempt, state }) => attempt === 3 && state === "failed",
  );
  expect(missing.error).toMatchObject({
    code: "LIVEOPS_SECRET_MISSING",
    message: expect.stringMatching(new RegExp(`give it again with: TOK=… liveops retry ${id}$`)),
  });
  const why = await world.liveops(["why", id]);
  expect(why.stdout).toMatch(
    new RegExp(`^next\n  TOK=… liveops retry ${id} +# gives the secret again$`, "m"),
  );
  writeFileSync(join(world.work, "ok"), "");
  await world.liveops(["retry", id], { env });
  await world.record(id, ({ attempt, state }) => attempt === 4 && state === "succeeded");
  expect(filesWithSecret()).toEqual([]);
});

test("a secret is typed at a prompt, which does not show it", async () => {
  await using terminal = onTerminal(world, "liveops", [
    "submit",
    "deploy",
    "token=prompt:",
    "--wait",
  ]);
  await until("the prompt is there", () => terminal.screen.text().includes("token:"));
  terminal.press(`${SECRET}x\x7f\r`);
  expect(await terminal.exited, terminal.screen.text()).toBe(0);
  expect(terminal.screen.text()).not.toContain("tr0ub4dor");
  const [newest] = (await world.client.list({ limit: 1 })).operations;
  expect(newest).toMatchObject({ state: "succeeded", params: { token: "prompt:token" } });
  expect(await world.lines(newest!.id)).toContain("bad ***");
});

test("a killed daemon changes nothing: finally runs after a cancel, and a stage whose worker was killed runs again", async () => {
  pipeline(
    "gate",
    `stages:
  - name: First
    run: echo v=1 >>"$LIVEOPS_OUTPUT"
    outputs: [v]
  - name: Wait
    run: echo "waiting $PPID"; until [ -e open ]; do sleep 0.1; done
finally: echo "ending $LIVEOPS_OUTCOME $LIVEOPS_FAILED_STAGE"; until [ -e end ]; do sleep 0.1; done; echo "ended v=$v"
`,
  );
  const [id, other] = [await world.submit("gate"), await world.submit("gate")];
  for (const each of [id, other]) await said(each, "waiting");
  await world.client.cancel(id);
  await said(id, "ending cancelled Wait");
  // A second cancel changes nothing.
  await world.client.cancel(id);
  await world.killDaemon();
  await world.startDaemon();
  expect(await world.client.show(id)).toMatchObject({
    state: "running",
    untrackedStage: "finally",
  });
  expect(await world.client.show(other)).toMatchObject({ state: "running", attempt: 1 });
  writeFileSync(join(world.work, "end"), "");
  expect(await world.finished(id)).toMatchObject({ state: "cancelled", attempt: 1 });
  expect((await world.lines(id)).at(-1)).toBe("ended v=1");

  const [line = ""] = (await world.lines(other)).filter((each) => each.startsWith("waiting "));
  process.kill(Number(line.slice(8)), "SIGKILL");
  await world.record(other, ({ attempt, currentStage }) => attempt === 2 && currentStage === 1);
  expect((await world.lines(other)).filter((each) => each.startsWith("ending"))).toEqual([]);
  writeFileSync(join(world.work, "open"), "");
  expect(await world.finished(other)).toMatchObject({
    state: "succeeded",
    stageTimes: { First: { resumed: true, reason: "done in attempt 1" } },
    result: { exitCode: 0, outputs: { v: "1" } },
  });
  // Once.
  expect((await world.lines(other)).filter((each) => each.startsWith("end"))).toEqual([
    "ending succeeded ",
    "ended v=1",
  ]);
});

test("a retry runs the text of the submit and says so, and --current the present one; then finds a type by name", async () => {
  world.write(
    "config/liveops/ops/verify.mjs",
    `import { LiveOperation, z } from "liveops";
export class Verify extends LiveOperation {
  static params = z.object({ size: z.number(), flag: z.boolean() });
  run(p) { p.result(this.params); }
}
`,
  );
  const text = (last: string) => `params: { flag: { type: boolean, default: true } }
stages:
  - name: Size
    run: echo size=42 >>"$LIVEOPS_OUTPUT"
    outputs: [size]
  - name: Last
    run: ${last}
then: { op: verify, with: { size: $size, flag: $flag } }
`;
  const file = pipeline("sized", text("exit 3"));
  const free = world.write("work/free.yaml", text("exit 3"));
  for (const [op, path] of [
    ["sized", file],
    [free, free],
  ] as const) {
    const id = await world.submit(op);
    await world.inState(id, "failed");
    writeFileSync(path, text("echo nothing"));
    await world.client.retry(id);
    const again = await world.record(
      id,
      ({ attempt, state }) => attempt === 2 && state === "failed",
    );
    expect(again).toMatchObject({ result: { exitCode: 3, failedStage: "Last" } });
    const note = `${path} has changed since the submit; this attempt runs the text of the submit. The present text runs with: liveops retry ${id} --current`;
    expect(await world.lines(id)).toContain(note);
    // A text that is not valid is refused, and nothing changes.
    writeFileSync(path, "stages: [{ name: A, runn: x }]\n");
    const refused = await world.liveops(["retry", id, "--current"]);
    expect(refused.code, refused.stderr).not.toBe(0);
    if (op === free)
      expect(refused.stderr).toContain(`${free}:1:21: "runn" is not a key of a stage`);
    // Those of the type that runs any file.
    expect(refused.stderr).not.toContain("Parameters:");
    expect(await world.client.show(id)).toMatchObject({ state: "failed", attempt: 2 });
    writeFileSync(path, text("echo nothing"));
    expect(await world.liveops(["retry", id, "--current"])).toMatchObject({ code: 0 });
    const done = await world.record(
      id,
      ({ attempt, state }) => attempt === 3 && state === "succeeded",
    );
    expect(done.stageTimes.Size).toMatchObject({ resumed: true, reason: "done in attempt 1" });
    const next = await world.finished(done.chain.next!);
    expect(next).toMatchObject({
      op: "verify",
      state: "succeeded",
      result: { size: 42, flag: true },
    });
  }
  const plain = await world.submit("shell", "--", "false");
  await world.inState(plain, "failed");
  const refused = await world.liveops(["retry", plain, "--current"]);
  expect(refused.stderr).toContain("shell is not a pipeline: a retry always runs its present code");
});
