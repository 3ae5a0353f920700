/** The daemon as a process: starts, runs, keeps acknowledged operations over a SIGKILL, and leaves nothing behind. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { TestDaemon } from "../harness/daemon.js";

const WAITS = `
import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import { LiveOperation, z } from "liveops";

export class Waits extends LiveOperation {
  static stages = ["Wait"];
  static params = z.object({ file: z.string() });
  async run(p) {
    await p.stage("Wait", () => new Promise((resolve) => {
      const look = () => { if (existsSync(this.params.file)) { watcher.close(); resolve(); } };
      const watcher = watch(dirname(this.params.file), look);
      look();
    }));
    p.result({ attempt: this.attempt, pid: process.pid });
  }
}
`;

const EXAMPLES = new URL("../../ops/examples", import.meta.url).pathname;

/** Resolves once it holds. */
const until = (holds: () => boolean) => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 20_000 });

test("nothing is left after a daemon that ran an operation", async () => {
  let world: TestDaemon["world"];
  {
    await using daemon = await TestDaemon.start({ env: { LIVEOPS_OPS: EXAMPLES } });
    world = daemon.world;
    const { id } = await daemon.submit("load-process-save", { params: { output: `${world.dir}/out.json` } });
    const record = await daemon.untilFinished(id);
    expect(record).toMatchObject({
      state: "succeeded",
      stageStates: { Load: "done", Process: "done", Save: "done" },
    });
    expect(existsSync(world.socket)).toBe(true);
  }
  expect(world.processes()).toEqual([]);
  expect(existsSync(world.dir)).toBe(false);
});

test("a stop while operations are being started ends the daemon with 0, and the next one runs them, once", async () => {
  await using daemon = await TestDaemon.start({ ops: { "waits.mjs": WAITS } });
  const file = `${daemon.world.dir}/go`;
  daemon.world.writeOp("../go", "");
  for (let round = 0; round < 3; round++) {
    const ids = Array.from({ length: 6 }, () => daemon.submit("waits", { params: { file } }));
    const submitted = await Promise.all(ids);
    await daemon.client.stop();
    expect((await daemon.exited()).code).toBe(0);
    await daemon.startAgain();
    for (const { id } of submitted)
      expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded", attempt: 1 });
  }
});

test("an operation outlives a killed daemon, and the next one takes it up", async () => {
  await using daemon = await TestDaemon.start({ ops: { "waits.mjs": WAITS } });
  const file = `${daemon.world.dir}/go`;
  const { id } = await daemon.submit("waits", { params: { file } });
  for await (const line of daemon.client.events(id, { follow: true }))
    if (line.type === "stage:entered") break;
  await daemon.kill();
  await daemon.startAgain();
  expect((await daemon.client.show(id)).state).toBe("running");
  daemon.world.writeOp("../go", "");
  expect(await daemon.untilFinished(id)).toMatchObject({
    state: "succeeded",
    attempt: 1,
    result: { attempt: 1 },
  });
});

test("the run files of what is next are made while others run, by a worker to spare; none runs before its turn", async () => {
  await using daemon = await TestDaemon.start({ ops: { "waits.mjs": WAITS }, concurrency: 1 });
  const { dir, stateDir } = daemon.world;
  const submit = async (name: string) =>
    (await daemon.submit("waits", { params: { file: `${dir}/${name}` } })).id;
  const events = (id: string) => `${stateDir}/runs/${id}/1/events.ndjson`;
  const first = await submit("go");
  const removed = await submit("never");
  await until(() => existsSync(events(removed)));
  expect((await daemon.client.show(removed)).state).toBe("queued");
  await daemon.client.cancel(removed);
  await daemon.client.remove(removed);
  expect(existsSync(`${stateDir}/runs/${removed}`)).toBe(false);

  const next = await submit("go");
  await until(() => existsSync(events(next)));
  expect(readFileSync(events(next), "utf8")).toBe("");
  expect(await daemon.client.show(next)).toMatchObject({ state: "queued", attempt: 0 });
  expect(await daemon.client.daemon()).toMatchObject({ counts: { running: 1, queued: 1 } });
  daemon.world.writeOp("../go", "");
  const ended = [await daemon.untilFinished(first), await daemon.untilFinished(next)];
  expect(ended).toMatchObject([
    { state: "succeeded", attempt: 1 },
    { state: "succeeded", attempt: 1 },
  ]);
  const pids = ended.map(({ result }) => (result as { pid: number }).pid);
  expect(new Set(pids).size).toBe(2);
});

const WRITES = `
import { writeSync } from "node:fs";
import { LiveOperation, z } from "liveops";

export class Writes extends LiveOperation {
  static stages = ["Write"];
  static params = z.object({ text: z.string() });
  async run(p) {
    await p.stage("Write", () => { writeSync(1, this.params.text); });
    writeSync(2, "unfinished " + this.params.text.trim());
    p.result(process.pid);
  }
}
`;

test("what goes around JavaScript into a worker's output is in the log of the operation that wrote it, once", async () => {
  await using daemon = await TestDaemon.start({ ops: { "writes.mjs": WRITES }, concurrency: 1 });
  const pids: unknown[] = [];
  for (const text of ["one\n", "a longer two\n", "3\n"]) {
    const { id } = await daemon.submit("writes", { params: { text } });
    pids.push((await daemon.untilFinished(id)).result);
    const { lines } = await daemon.client.log(id, {});
    expect(lines.map(({ stream, stage, text }) => ({ stream, stage, text }))).toEqual([
      { stream: "stdout", stage: "Write", text: text.trim() },
      { stream: "stderr", stage: null, text: `unfinished ${text.trim()}` },
    ]);
  }
  // All in one process, which is what could mix them up.
  expect(new Set(pids).size).toBe(1);
});
