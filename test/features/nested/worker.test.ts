/** `p.operation` in a worker: the daemon runs the operation, also where it is killed meanwhile. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAlive } from "../../end-to-end/processes.js";
import { until } from "../../end-to-end/until.js";
import { useDaemon } from "../../harness/daemon.js";

const daemon = useDaemon({
  concurrency: 1,
  ops: {
    "release.mjs": `import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
const params = z.object({ dir: z.string() });
const there = async (file, signal) => { while (!existsSync(file)) await delay(20, undefined, { signal }); };
export class Compile extends LiveOperation {
  static stages = ["Configure", "Make"];
  static params = params;
  static resumable = true;
  async run(p) {
    const { dir } = this.params;
    await p.stage("Configure", () => appendFileSync(dir + "/ran", "configure\\n"));
    await p.stage("Make", async () => {
      appendFileSync(dir + "/ran", "make\\n");
      await there(dir + "/go", p.signal);
      if (existsSync(dir + "/fail")) throw new Error("no rule");
    });
    p.result({ image: "x.img" });
  }
}
export class Build extends LiveOperation {
  static stages = ["Compile"];
  static params = params;
  static resumable = true;
  async run(p) { p.result(await p.stage("Compile", () => p.operation(Compile, this.params))); }
}
export class Release extends LiveOperation {
  static stages = ["Build"];
  static params = params;
  static resumable = true;
  async run(p) { p.result(await p.stage("Build", () => p.operation("build", this.params))); }
}
`,
  },
});

/** Submits a release; resolves once the innermost operation runs. */
async function releasing(name: string) {
  const dir = join(daemon.world.dir, name);
  mkdirSync(dir);
  const ran = () =>
    existsSync(join(dir, "ran")) ? readFileSync(join(dir, "ran"), "utf8").split("\n") : [];
  const { id } = await daemon.submit("release", { params: { dir }, label: "night" });
  await until("the innermost operation runs", () => ran().includes("make"));
  return { id, dir, ran, go: () => writeFileSync(join(dir, "go"), "") };
}

test("an operation runs inside of others in a queue with one slot", async () => {
  const { id, go } = await releasing("plain");
  const { operations } = await daemon.client.list({ state: ["running"] });
  expect(operations.map(({ op, label }) => [op, label]).sort()).toEqual([
    ["build", null],
    ["compile", null],
    ["release", "night"],
  ]);
  go();
  const ended = await daemon.untilFinished(id);
  expect(ended).toMatchObject({ state: "succeeded", result: { image: "x.img" } });
  // In milliseconds, not in the fractions of the clock.
  for (const { seconds } of [ended, ended.stageTimes.Build!])
    expect(`${seconds}`).toMatch(/^\d+(\.\d{1,3})?$/);
});

test("a worker whose operation waited for another one runs the next operation", async () => {
  const first = await releasing("first");
  const { operations } = await daemon.client.list({ state: ["running"] });
  first.go();
  await daemon.untilFinished(first.id);
  const next = await releasing("next");
  // One that is not used again has ended by now.
  expect(operations.filter(({ pid }) => !isAlive(pid!)).map(({ op }) => op)).toEqual([]);
  next.go();
  await daemon.untilFinished(next.id);
});

test("the daemon and a worker are killed: what runs inside runs on, once", async () => {
  const { id, ran, go } = await releasing("killed");
  await daemon.kill();
  await daemon.startAgain();
  const { pid } = await daemon.client.show(id);
  process.kill(pid!, "SIGKILL");
  // The only slot is still that of what runs inside.
  await until("the attempt is over", async () => (await daemon.client.show(id)).state === "queued");
  await daemon.kill();
  go();
  await daemon.startAgain();
  const ended = await daemon.untilFinished(id);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 2, result: { image: "x.img" } });
  expect(ran()).toEqual(["configure", "make", ""]);
});
