/** The daemon as a process: starts, runs, keeps acknowledged operations over a SIGKILL, and leaves nothing behind. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
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
