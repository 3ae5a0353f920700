/** Large parameters and results lose no work, and lists and streams do not grow with them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "../../protocol/errors.js";
import { newId } from "../../protocol/id.js";
import type { SubmitBody } from "../../protocol/requests.js";
import type { TestDaemon } from "../harness/daemon.js";
import { counts, patience } from "./mode.js";
import { eventually, startDaemon, untilFinished, wholeLog } from "./start.js";

const KiB = 1024;
const MiB = 1024 * KiB;

/** Bytes that a general watch sends before it has nothing more to send at once. */
async function snapshotOf(daemon: TestDaemon): Promise<number> {
  for await (const line of daemon.client.watch({}))
    if (line.type === "snapshot") return JSON.stringify(line).length;
  throw new Error("the watch sent no snapshot");
}

function refusedAsFinished(error: unknown): void {
  if (!(error instanceof Refusal) || error.code !== "LIVEOPS_WRONG_STATE") throw error;
}

test(
  "a long queue of large parameters is whole after each restart, and list and watch do not grow with it",
  async () => {
    const wanted = counts(300, 4000);
    const text = "x".repeat(60 * KiB);
    await using daemon = await startDaemon(["carries", "gate"], { concurrency: 1 });
    const gate = join(daemon.world.dir, "gate");
    const blocker = await daemon.submit("gate", { params: { gate } });
    const body: SubmitBody = { op: "carries", params: { text } };
    const ids = new Set<string>();
    while (ids.size < wanted) {
      const some = Math.min(50, wanted - ids.size);
      const made = await daemon.client.submit(
        Array.from({ length: some }, () => body),
        newId(),
      );
      for (const { id } of made) ids.add(id);
    }
    for (let round = 0; round < 2; round++) {
      if (round === 0) await daemon.kill();
      else await daemon.stop();
      await daemon.startAgain();
      const { counts, problems } = await daemon.client.daemon();
      expect(problems).toEqual([]);
      expect(counts.queued).toBe(wanted);
    }
    // As large as of so many operations without parameters.
    expect(await snapshotOf(daemon)).toBeLessThan(3 * KiB * (wanted + 1));
    const { operations } = await daemon.client.list({ limit: 1 });
    expect(operations[0]).toMatchObject({ params: {}, large: ["params"] });
    const [first] = ids;
    expect(await daemon.client.show(first!)).toMatchObject({ params: { text }, large: null });
    writeFileSync(`${gate}.1`, "leave");
    await untilFinished(daemon, blocker.id);
    const record = await untilFinished(daemon, first!);
    expect(record).toMatchObject({
      state: "succeeded",
      params: { text },
      result: { length: text.length },
    });
    // The rest is cancelled, so that the test need not run all of it. What has finished meanwhile
    // refuses the cancel.
    const left = [...ids].reverse();
    while (left.length > 0)
      await Promise.all(
        left.splice(0, 50).map((id) => daemon.client.cancel(id).catch(refusedAsFinished)),
      );
    await eventually(
      "nothing is queued",
      async () => (await daemon.client.daemon()).counts.queued === 0,
    );
  },
  patience(60_000, 600_000),
);

test(
  "large results leave lists and watch streams small, also those that nobody reads",
  async () => {
    const results = counts(30, 150);
    await using daemon = await startDaemon(["carries"]);
    const body: SubmitBody = { op: "carries", params: { text: "", letters: MiB - 100 } };
    const before = (await daemon.client.daemon()).memory.rss;
    const unread = Array.from({ length: 20 }, () =>
      daemon.client.watch({})[Symbol.asyncIterator](),
    );
    for (const watcher of unread) await watcher.next();
    const made = await daemon.client.submit(
      Array.from({ length: results }, () => body),
      newId(),
    );
    for (const { id } of made)
      expect(await untilFinished(daemon, id)).toMatchObject({ result: { length: 0 } });
    const { operations } = await daemon.client.list({ limit: 1000 });
    expect(operations).toHaveLength(results);
    expect(JSON.stringify(operations).length).toBeLessThan(4 * KiB * results);
    expect(await snapshotOf(daemon)).toBeLessThan(4 * KiB * results);
    // Each result for each stream would be 20 MiB an operation; the daemon itself keeps one.
    expect((await daemon.client.daemon()).memory.rss! - before!).toBeLessThan(10 * MiB * results);
    for (const watcher of unread) await watcher.return?.(undefined);
    await daemon.stop();
    await daemon.startAgain();
    const { id } = made[0]!;
    expect((await daemon.client.show(id)).result).toEqual({
      length: 0,
      made: "y".repeat(MiB - 100),
    });
  },
  patience(60_000, 300_000),
);

test("a large value is whole wherever one record or event is asked for, along a chain and over a retry", async () => {
  await using daemon = await startDaemon(["carries"]);
  const text = "ä".repeat(20 * KiB);
  const params = { text, letters: 20 * KiB, links: 2, fail: true };
  const key = newId();
  const first = await daemon.client.submit({ op: "carries", params }, key);
  expect(first.params).toEqual(params);
  expect((await daemon.client.submit({ op: "carries", params }, key)).id).toBe(first.id);
  expect(await untilFinished(daemon, first.id)).toMatchObject({ state: "failed", params });
  expect((await daemon.client.retry(first.id)).params).toEqual(params);
  const record = await untilFinished(daemon, first.id);
  const result = { length: text.length, made: "y".repeat(20 * KiB) };
  expect(record).toMatchObject({ state: "succeeded", attempt: 2, params, result, large: null });
  const next = await untilFinished(daemon, record.chain.next!);
  const last = { ...params, links: 1, fail: false };
  expect(next).toMatchObject({ params: last, result, large: null });
  const events: unknown[] = [];
  for await (const event of daemon.client.events(next.id)) events.push(event);
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "operation:submitted",
      operation: expect.objectContaining({ params: last }),
    }),
  );
  expect(events).toContainEqual(expect.objectContaining({ type: "operation:finished", result }));
  expect((await wholeLog(daemon, next.id)).map((line) => line.text)).toEqual([
    `${text.length} characters`,
  ]);
  expect((await daemon.client.remove(next.id)).result).toEqual(result);
});

test("a queue that holds as many bytes as maxQueued allows refuses submits and takes them again", async () => {
  await using daemon = await startDaemon(["carries", "gate"], {
    concurrency: 1,
    config: { maxQueued: 32 },
  });
  const gate = join(daemon.world.dir, "gate");
  const blocker = await daemon.submit("gate", { params: { gate } });
  await isRunning(daemon, blocker.id);
  const params = { text: "x".repeat(300 * KiB) };
  const accepted: string[] = [];
  for (let n = 0; n < 3; n++) accepted.push((await daemon.submit("carries", { params })).id);
  await expect(daemon.submit("carries", { params })).rejects.toMatchObject({
    code: "LIVEOPS_QUEUE_FULL",
    message: expect.stringContaining("maxQueued allows 1.0 MiB"),
  });
  await daemon.stop();
  await daemon.startAgain();
  await expect(daemon.submit("carries", { params })).rejects.toMatchObject({
    code: "LIVEOPS_QUEUE_FULL",
  });
  await daemon.client.cancel(accepted[2]!);
  const again = await daemon.submit("carries", { params });
  writeFileSync(`${gate}.1`, "leave");
  for (const id of [accepted[0]!, accepted[1]!, again.id])
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
});

async function isRunning(daemon: TestDaemon, id: string): Promise<void> {
  await eventually("it runs", async () => (await daemon.client.show(id)).state === "running");
}
