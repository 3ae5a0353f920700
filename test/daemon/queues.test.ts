/** Queues, priorities, limits of types, dependencies, start times and pauses with a real daemon. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { useDaemon } from "../harness/daemon.js";

const OPS = {
  "work.mjs": `
    import { appendFileSync, existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    class Base extends LiveOperation {
      static params = z.object({ file: z.string().optional(), order: z.string().optional(), to: z.number().default(0) });
      async run(p) {
        const { file, order, to } = this.params;
        if (order) appendFileSync(order, this.label + "\\n");
        while (file && !existsSync(file)) await delay(10, undefined, { signal: p.signal });
        p.result({ slot: process.env.LIVEOPS_SLOT });
        if (to > 0) p.chainTo(Gate, { file, to: to - 1 });
      }
    }
    export class Gate extends Base {}
    export class Gpu extends Base { static queue = "gpu"; }
    export class Fails extends Base { async run(p) { await super.run(p); throw new Error("no"); } }
    export class Counts extends LiveOperation {
      static params = z.object({ file: z.string() });
      async run(p) {
        for (let n = 0; n < 100; n++) {
          appendFileSync(this.params.file, n + "\\n");
          await delay(10, undefined, { signal: p.signal });
        }
      }
    }`,
};

const until = (holds: () => boolean | Promise<boolean>) =>
  vi.waitFor(async () => expect(await holds()).toBe(true), { timeout: 60_000, interval: 20 });

const daemon = useDaemon({ ops: OPS, config: { queues: { side: {}, narrow: {} } } });
const { client, world } = daemon;
const inWorld = (name: string) => join(world.dir, name);

const stateOf = async (id: string) => (await client.show(id)).state;
const untilRuns = (id: string) => until(async () => (await stateOf(id)) === "running");

/** Submits operations one after the other. */
async function submitAll(
  bodies: ReadonlyArray<Parameters<typeof daemon.submit>[1] & { op?: string }>,
): Promise<Operation[]> {
  const made: Operation[] = [];
  for (const { op = "gate", ...body } of bodies) made.push(await daemon.submit(op, body));
  return made;
}

test("a queue has its own slots, and gives them by priority and arrival, also after an edit and a kill", async () => {
  const file = inWorld("go");
  const order = inWorld("order");
  const one = { queue: "side", params: { file, order } };
  const [first] = await submitAll([{ ...one, label: "first" }]);
  await untilRuns(first!.id);
  const [second, third, fourth] = await submitAll([
    { ...one, label: "second" },
    { ...one, label: "third", priority: 5 },
    { ...one, label: "fourth", priority: 5 },
  ]);
  expect(first).toMatchObject({ queue: "side", priority: 0 });
  // The default queue has two slots of its own.
  const others = await submitAll([
    { params: { file } },
    { params: { file } },
    { params: { file } },
  ]);
  await untilRuns(others[1]!.id);
  expect(await client.show(others[0]!.id)).toMatchObject({ state: "running", slot: 1 });
  expect(await client.show(others[1]!.id)).toMatchObject({ state: "running", slot: 2 });
  expect(await client.show(others[2]!.id)).toMatchObject({ state: "queued", queuePosition: 1 });
  expect(await client.show(third!.id)).toMatchObject({ queuePosition: 1 });
  expect(await client.show(second!.id)).toMatchObject({ queuePosition: 3 });
  expect(await client.edit(second!.id, { top: true })).toMatchObject({
    priority: 6,
    queuePosition: 1,
  });
  expect(await client.edit(fourth!.id, { priority: -1 })).toMatchObject({ queuePosition: 3 });
  await expect(client.removeQueue("side")).rejects.toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
  expect((await client.queues()).queues).toMatchObject([
    { name: "default", concurrency: 2, queued: 1, running: 2 },
    { name: "narrow", concurrency: 1 },
    { name: "side", concurrency: 1, queued: 3, running: 1 },
  ]);
  await daemon.kill();
  await daemon.startAgain();
  expect(await client.show(second!.id)).toMatchObject({ queuePosition: 1 });
  appendFileSync(file, "");
  for (const { id } of [first!, second!, third!, fourth!, ...others])
    expect(await daemon.untilFinished(id)).toMatchObject({ state: "succeeded", slot: null });
  expect(readFileSync(order, "utf8").split("\n")).toEqual([
    "first",
    "second",
    "third",
    "fourth",
    "",
  ]);
  expect((await client.show(others[1]!.id)).result).toEqual({ slot: "2" });
});

test("an unknown queue is refused with the near name", async () => {
  await expect(daemon.submit("gpu")).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_QUEUE" });
  expect(await client.setQueue("gpu", { concurrency: 3 })).toMatchObject({
    concurrency: 3,
    pausedSince: null,
  });
  onTestFinished(async () => void (await client.removeQueue("gpu")));
  await expect(client.setQueue("gpu", { concurrency: null })).rejects.toThrow(
    "does not define the queue gpu",
  );
  await expect(daemon.submit("gate", { queue: "gup" })).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_QUEUE",
    extra: { nearest: ["gpu"] },
  });
});

test("a paused operation stands still, and it, a queue that commands make and its pause outlive a killed daemon", async () => {
  const file = inWorld("count");
  const { id } = await daemon.submit("counts", { params: { file } });
  await client.setQueue("gpu", { concurrency: 1 });
  await until(() => existsSync(file));
  expect(await client.pause(id)).toMatchObject({
    state: "running",
    pause: { seconds: 0, changes: 1 },
  });
  const paused = await client.pauseQueue();
  expect(paused.queues.map(({ pausedSince }) => pausedSince !== null)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  const waits = await daemon.submit("gpu");
  const lines = () => readFileSync(file, "utf8").split("\n").length;
  await until(hasStopped);
  const before = lines();
  await daemon.kill();
  await daemon.startAgain();
  expect(await client.show(waits.id)).toMatchObject({
    state: "queued",
    queue: "gpu",
    blocked: { reason: "the queue gpu is paused; resume it with: liveops resume --queue gpu" },
  });
  await client.resumeQueue({ queue: "gpu" });
  expect(await daemon.untilFinished(waits.id)).toMatchObject({ state: "succeeded" });
  await client.removeQueue("gpu");
  expect((await client.queues()).queues.map(({ name }) => name)).toEqual([
    "default",
    "narrow",
    "side",
  ]);
  expect(lines()).toBe(before);
  expect(await client.show(id)).toMatchObject({ state: "running", stalledSince: null });
  expect((await client.resume(id)).pause).toMatchObject({ since: null, changes: 2 });
  const done = await daemon.untilFinished(id);
  expect(done).toMatchObject({ state: "succeeded", attempt: 1 });
  const whole = (Date.parse(done.finishedAt!) - Date.parse(done.startedAt!)) / 1000;
  expect(done.seconds).toBeLessThan(whole - done.pause!.seconds + 0.1);
  await expect(client.pause(id)).rejects.toMatchObject({ code: "LIVEOPS_WRONG_STATE" });
});

test("a chain that others wait for is not removed", async () => {
  const [last, order] = [inWorld("last"), inWorld("order-of-chain")];
  const { id } = await daemon.submit("gate", { params: { file: last, order, to: 1 } });
  const waits = await daemon.submit("gate", { after: [id] });
  await until(() => existsSync(order));
  await client.pauseQueue();
  appendFileSync(last, "");
  await until(async () => (await stateOf(id)) === "succeeded");
  await expect(client.remove(id)).rejects.toMatchObject({
    code: "LIVEOPS_WRONG_STATE",
    message: expect.stringContaining(`${waits.id} waits for the end of its chain`),
  });
  // Its last link is queued: it is cancelled, and so is what waits, before the link is gone.
  await client.remove((await client.show(id)).chain.next!);
  await daemon.kill();
  await daemon.startAgain();
  expect(await client.show(waits.id)).toMatchObject({
    state: "cancelled",
    attempt: 0,
    error: { code: "LIVEOPS_DEPENDENCY_FAILED" },
  });
  await client.remove(id);
});

test("one runs after all of twenty; a failed one cancels what needs it, with the reason", async () => {
  const file = inWorld("go-fan");
  const fan = await client.submit(
    Array.from({ length: 20 }, () => ({ op: "gate", params: { file } })),
    "fan",
  );
  const ids = fan.map(({ id }) => id);
  const joining = await daemon.submit("gate", { after: ids });
  expect(joining).toMatchObject({ state: "queued", waitsFor: ids, queuePosition: null });
  const failing = await daemon.submit("fails", { label: "build" });
  const [needs, needsAny, follows] = await submitAll([
    { after: [failing.id] },
    { afterAny: [failing.id] },
    // The end of the chain counts: two links more.
    { after: [(await daemon.submit("gate", { params: { file, to: 2 } })).id] },
  ]);
  await daemon.kill();
  await daemon.startAgain();
  await expect(daemon.submit("gate", { after: ["nothere12345"] })).rejects.toMatchObject({
    code: "LIVEOPS_NO_SUCH_OPERATION",
  });
  expect((await client.show(follows!.id)).waitsFor).toHaveLength(1);
  appendFileSync(file, "");
  const joined = await daemon.untilFinished(joining.id);
  const ends = await Promise.all(ids.map(async (id) => (await client.show(id)).finishedAt!));
  expect(joined.state).toBe("succeeded");
  expect(ends.every((end) => end <= joined.startedAt!)).toBe(true);
  expect(await daemon.untilFinished(needs!.id)).toMatchObject({
    state: "cancelled",
    error: {
      code: "LIVEOPS_DEPENDENCY_FAILED",
      message: expect.stringMatching(/^fails \(build\) \w+ failed,/),
    },
  });
  expect(await daemon.untilFinished(needsAny!.id)).toMatchObject({ state: "succeeded" });
  const followed = await daemon.untilFinished(follows!.id);
  const links = (await client.list({ chain: followed.after![0]! })).operations;
  expect(links).toHaveLength(3);
  expect(links.every(({ finishedAt }) => finishedAt! <= followed.startedAt!)).toBe(true);
});

/** Whether a process of the daemon's world is stopped. */
function hasStopped(): boolean {
  return world
    .processes()
    .some((pid) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
}
