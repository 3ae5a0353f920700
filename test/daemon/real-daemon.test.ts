/** The daemon as a process: it starts, runs, survives a SIGKILL with what it acknowledged, and leaves nothing behind. */
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
    p.result({ attempt: this.attempt });
  }
}
`;

test("nothing is left after a daemon that ran an operation", async () => {
  let world: TestDaemon["world"];
  {
    await using daemon = await TestDaemon.start();
    world = daemon.world;
    const { id } = await daemon.submit("load-process-save", { params: { output: `${world.dir}/out.json` } });
    const record = await daemon.settled(id);
    expect(record).toMatchObject({
      state: "succeeded",
      stageStates: { Load: "done", Process: "done", Save: "done" },
    });
    expect(existsSync(world.socket)).toBe(true);
  }
  expect(world.processes()).toEqual([]);
  expect(existsSync(world.dir)).toBe(false);
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
  expect(await daemon.settled(id)).toMatchObject({ state: "succeeded", attempt: 1, result: { attempt: 1 } });
});
