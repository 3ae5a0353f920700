// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/**
 * What comes into a pipeline from outside its file, with the real bins: secrets, pipes; and its
 * chain.
 */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { filesWith } from "./files-with.js";
import { useWorld } from "./world.js";

const world = useWorld();

/** The lines that the commands of an operation printed. */
async function printed(id: string): Promise<string[]> {
  const { lines } = await world.client.log(id, { stream: "stdout" });
  return lines.map(({ text }) => text);
}

/** Submits and waits; returns what the commands printed. */
async function printedBy(words: string[], env: Record<string, string> = {}): Promise<string[]> {
  const id = (await world.liveops(words, { env })).stdout.trim();
  expect(await world.finished(id)).toMatchObject({ state: "succeeded" });
  return printed(id);
}

test("a secret with its own source needs no word, also in a schedule where the daemon has the variable", async () => {
  const text =
    'params: { token: { secret: true, from: "env:TOKEN" } }\nstages: [{ name: A, run: \'echo "${#token} $token"\' }]\n';
  world.write("work/own.yaml", text);
  world.write("config/liveops/ops/owned.yaml", text);
  const env = { TOKEN: "t0k-of-this-test" };
  expect((await world.liveops(["run", "own.yaml"], { env })).stdout).toContain("16 ***");
  for (const op of ["own.yaml", "owned"]) {
    expect(await printedBy(["submit", op], env)).toEqual(["16 ***"]);
    const refused = await world.liveops(["submit", op]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("the secret token is the variable TOKEN");
    const later = await world.liveops(["schedule", "add", "@yearly", op, "--name", "own"], { env });
    expect(later).toMatchObject({ code: 2, stdout: "" });
    expect(later.stderr).toContain("TOKEN=… liveopsd restart");
  }
  world.write("work/hosts", "a\nb\n");
  const each = ["submit", "owned", "--each", "hosts", "--label", "{}", "--wait"];
  expect(await world.liveops(each, { env })).toMatchObject({ code: 0 });
  const restarted = await world.liveopsd(["restart"], { env: { TOKEN: "of-the-daemon" } });
  expect(restarted, restarted.stderr).toMatchObject({ code: 0 });
  const added = await world.liveops(["schedule", "add", "@yearly", "owned", "--name", "own"]);
  expect(added, added.stderr).toMatchObject({ code: 0 });
  expect(await printedBy(["schedule", "run", "own"])).toEqual(["13 ***"]);
  for (const secret of [env.TOKEN, "of-the-daemon"])
    expect(filesWith(dirname(world.state), secret)).toEqual([]);
});

test("then to an unknown type is a warning of check and of each submit", async () => {
  const text = (op: string) => `stages: [{ name: A, run: 'true' }]\nthen: { op: ${op} }\n`;
  const hint = "did you mean verify-backup?";
  world.write("work/typo.yaml", text("verfy-backup"));
  world.write("work/ends.yaml", text("shell"));
  world.write("config/liveops/ops/typo.yaml", text("verfy-backup"));
  const checked = await world.liveops(["check", "typo.yaml", "ends.yaml"]);
  expect(checked).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^typo\.yaml:2:13: warning: then\.op: /),
  });
  expect(checked.stderr.trim().split("\n")).toHaveLength(1);
  expect(checked.stderr).toContain(hint);
  for (const words of [["submit"], ["schedule", "add", "@yearly", "--name", "typo"]])
    for (const op of words.length > 1 ? ["typo"] : ["typo.yaml", "typo"]) {
      const ended = await world.liveops([...words, op]);
      expect(ended.code, ended.stderr).toBe(0);
      expect(ended.stderr).toContain("warning: then continues with verfy-backup");
      expect(ended.stderr).toContain(hint);
    }
  expect((await world.liveops(["run", "typo.yaml"])).stderr).toContain(hint);
  world.write("work/far.yaml", text("quite-another"));
  expect((await world.liveops(["submit", "far.yaml"])).stderr).toContain(
    "warning: then continues with quite-another, so that the pipeline would fail at its end: no file defines the operation type quite-another now; liveops ops lists the types\n",
  );
  await world.quiet();
});

test("a word with a slash is a path, also that of a pipe", async () => {
  const file = world.write("work/dir/plain", "stages: [{ name: A, run: echo of the file }]\n");
  expect((await world.liveops(["run", "./dir/plain"])).stdout).toContain("\nof the file\n");
  const bin = new URL("../../dist/bin/liveops.cjs", import.meta.url).pathname;
  const shell = (line: string) => {
    const { env, work: cwd } = world;
    const liveops = `liveops() { "${process.execPath}" "${bin}" "$@"; }\n`;
    const ended = spawnSync("bash", ["-c", liveops + line], { env, cwd, encoding: "utf8" });
    return { ...ended, all: `${ended.stdout}${ended.stderr}` };
  };
  expect(shell(`liveops run <(cat ${file})`).all).toContain("\nof the file\n");
  expect(shell(`liveops check <(cat ${file})`).all).toMatch(/^\/dev\/fd\/\d+: valid, stages A$/m);
  const { stdout } = shell(`liveops submit <(cat ${file}) --wait`);
  const id = stdout.trim();
  expect(await printed(id)).toEqual(["of the file"]);
  expect((await world.client.show(id)).params).toMatchObject({ path: null });
  const schedule = shell(`liveops schedule add @yearly <(cat ${file})`);
  expect(schedule).toMatchObject({
    status: 2,
    all: expect.stringContaining("give --name nightly"),
  });
  expect(shell(`liveops schedule add @yearly <(cat ${file}) --name piped`).status).toBe(0);
  expect(await printedBy(["schedule", "run", "piped"])).toEqual(["of the file"]);
  const none = await world.liveops(["submit", "dir/none"]);
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("dir/none:1:1: there is no such file"),
  });
  const code = await world.liveops(["run", "./own.ts"]);
  expect(code).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("liveops run --ops ./own.ts <op>"),
  });
});

test("a cancel of an operation that has handed over names the next one, whose cancel ends the chain", async () => {
  // The second one is there to be cancelled.
  const run = "'test ! -e second || sleep 600; touch second'";
  world.write(
    "config/liveops/ops/loops.yaml",
    `stages: [{ name: A, run: ${run} }]\nthen: { op: loops }\n`,
  );
  const first = await world.submit("loops");
  await world.record(first, ({ chain }) => chain.next !== null);
  const alone = await world.liveops(["cancel", first]);
  expect(alone).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/its chain continues as (\w+); to end it: liveops cancel \1/),
  });
  const next = /liveops cancel (\w+)/.exec(alone.stderr)![1]!;
  const ended = await world.liveops(["cancel", next, "--wait"]);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: `${next} cancelled\n` });
  expect(await world.client.show(next)).toMatchObject({ chain: { id: first, next: null } });
  const { operations } = await world.client.list({ state: ["queued", "running"], op: "loops" });
  expect(operations).toEqual([]);
});
