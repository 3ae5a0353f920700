/**
 * The daemon as a process: starts, runs, keeps acknowledged operations over a SIGKILL, and leaves
 * nothing behind.
 */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { useDaemon } from "../harness/daemon.js";

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

const TELLS = `
import { LiveOperation, z } from "liveops";

export class Tells extends LiveOperation {
  static stages = ["Tell"];
  static resumable = true;
  static params = z.object({ count: z.number() });
  async run(p) {
    await p.stage("Tell", () => "told by " + this.attempt);
    for (let n = 1; n <= this.params.count; n++) await p.untracked("Stage " + n + " " + "x".repeat(150), () => {});
    if (this.attempt === 1) throw new Error("the first attempt fails");
    p.result(this.attempt);
  }
}
`;

const daemon = useDaemon({ ops: { "waits.mjs": WAITS, "writes.mjs": WRITES, "tells.mjs": TELLS } });

test("what goes around JavaScript into a worker's output is in the log of the operation that wrote it, once", async () => {
  const pids = new Set<unknown>();
  const texts = ["one\n", "a longer two\n", "3\n", "four\n"];
  for (const text of texts) {
    const { id } = await daemon.submit("writes", { params: { text } });
    pids.add((await daemon.untilFinished(id)).result);
    const { lines } = await daemon.client.log(id, {});
    expect(lines.map(({ stream, stage, text }) => ({ stream, stage, text }))).toEqual([
      { stream: "stdout", stage: "Write", text: text.trim() },
      { stream: "stderr", stage: null, text: `unfinished ${text.trim()}` },
    ]);
  }
  // Two slots have at most three workers: one of them ran two of the operations, which is what
  // could mix them up.
  expect(pids.size).toBeLessThan(texts.length);
});

test("a stop while operations are being started ends the daemon with 0, and the next one runs them, once", async () => {
  const file = `${daemon.world.dir}/started`;
  daemon.world.writeOp("../started", "");
  for (let round = 0; round < 2; round++) {
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

test("the events of an operation are the same before and after they are sealed, short or long, and over a retry", async () => {
  const { stateDir } = daemon.world;
  const eventsOf = async (id: string) => {
    const events = [];
    for await (const event of daemon.client.events(id, {})) events.push(event);
    return events;
  };
  const submit = (count: number) => daemon.submit("tells", { params: { count } });
  const ids = [(await submit(1)).id, (await submit(90)).id];
  for (const id of ids) expect((await daemon.untilFinished(id)).state).toBe("failed");
  const before = await Promise.all(ids.map(eventsOf));
  // A stop seals what has finished.
  await daemon.client.stop();
  await daemon.exited();
  await daemon.startAgain();
  expect(await Promise.all(ids.map(eventsOf))).toEqual(before);
  const isLong = (id: string) => existsSync(`${stateDir}/runs/${id}/1/events.ndjson`);
  expect(ids.map(isLong)).toEqual([false, true]);

  for (const id of ids) await daemon.client.retry(id);
  for (const id of ids)
    expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded", result: 2 });
  const after = await Promise.all(ids.map(eventsOf));
  for (const [index, events] of after.entries()) {
    // The end of the stream is no event.
    expect(events.slice(0, before[index]!.length - 1)).toEqual(before[index]!.slice(0, -1));
    expect(events).toContainEqual(
      expect.objectContaining({ type: "stage:left", attempt: 2, resumed: true }),
    );
  }
  await daemon.kill();
  await daemon.startAgain();
  expect(await Promise.all(ids.map(eventsOf))).toEqual(after);
  expect((await daemon.client.daemon()).problems).toEqual([]);
});
