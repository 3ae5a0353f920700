/**
 * The wall clock is set a day ahead, or back, during a run. Order depends on numbers; durations,
 * rates, estimates and timeouts depend on monotonic clocks.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import type { TestDaemon } from "../harness/daemon.js";
import {
  expectNoGap,
  expectWholeStory,
  recordThat,
  startDaemon,
  untilFinished,
  wholeLog,
} from "./start.js";
import { record } from "./tally.js";
import { WallClock } from "./wall-clock.js";

const DAY = 24 * 3600 * 1000;
const ITEMS = 40;
const PAUSE = 15;

function submit(daemon: TestDaemon) {
  const params = { items: ITEMS, pause: PAUSE, side: join(daemon.world.dir, "side") };
  return daemon.submit("tracks", { params });
}

/** In the middle of the first stage. */
function counting(daemon: TestDaemon, id: string): Promise<Operation> {
  return recordThat(daemon, id, ({ progress }) => progress !== null && progress.done > 3);
}

/** All that is said about time is what a steady clock would say. */
async function expectSteady(daemon: TestDaemon, id: string): Promise<void> {
  const ended = await untilFinished(daemon, id);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1 });
  expectNoGap(await wholeLog(daemon, id), ended);
  await expectWholeStory(daemon, ended);
  const least = (ITEMS * PAUSE) / 1000;
  expect(ended.seconds).toBeGreaterThan(2 * least * 0.9);
  expect(ended.seconds).toBeLessThan(100);
  for (const { seconds } of Object.values(ended.stageTimes)) {
    expect(seconds).toBeGreaterThan(least * 0.9);
    expect(seconds).toBeLessThan(50);
  }
  for await (const event of daemon.client.events(id)) {
    if (event.type !== "progress:changed" || !event.progress) continue;
    const { rate, etaSeconds, done, total } = event.progress;
    expect(done).toBeLessThanOrEqual(total!);
    if (rate !== null) {
      expect(rate).toBeGreaterThan(0);
      expect(rate).toBeLessThan((1000 / PAUSE) * 5);
    }
    if (etaSeconds !== null) {
      expect(etaSeconds).toBeGreaterThanOrEqual(0);
      expect(etaSeconds).toBeLessThan(60);
    }
  }
}

test.each([
  ["ahead", DAY],
  ["back", -DAY],
])(
  "a clock set a day %s while operations run breaks no order, duration, rate, estimate or timeout",
  async (way, shift) => {
    using clock = new WallClock();
    await using daemon = await startDaemon(["tracks"], { concurrency: 1, env: clock.env });
    const ids = [(await submit(daemon)).id, (await submit(daemon)).id];
    await counting(daemon, ids[0]!);
    clock.jump(shift);
    const jumped = (await submit(daemon)).id;
    ids.push(jumped);
    const off = Date.parse((await daemon.client.show(jumped)).createdAt) - Date.now();
    expect(Math.abs(off - shift)).toBeLessThan(60_000);

    // The next daemon knows only what is written, and counts the timeout on.
    await daemon.kill();
    await daemon.startAgain();
    await counting(daemon, ids[1]!);
    clock.jump(0);
    ids.push((await submit(daemon)).id);
    for (const id of ids) await expectSteady(daemon, id);

    const { operations } = await daemon.client.list();
    expect(operations.map(({ id }) => id)).toEqual([...ids].reverse());
    expect(readFileSync(join(daemon.world.dir, "side"), "utf8").trim().split("\n")).toEqual(ids);
    const history = await daemon.client.history("tracks");
    expect(history.runs).toBe(ids.length);
    expect(history.seconds?.p50).toBeGreaterThan(1);
    expect(history.seconds?.p90).toBeLessThan(100);
    record({
      fault: `wall clock a day ${way}, and back again`,
      injected: 2,
      survived: ids.length,
      lost: 0,
      duplicated: 0,
    });
  },
);

test.each([
  ["ahead", DAY],
  ["back", -DAY],
])("a clock set a day %s does not keep an automatic retry waiting for a day", async (_, shift) => {
  using clock = new WallClock();
  await using daemon = await startDaemon(["resumes"], { env: clock.env });
  const params = { side: join(daemon.world.dir, "side"), ends: ["throw", "go"] };
  const { id } = await daemon.submit("retries-later", { params });
  await recordThat(daemon, id, ({ retryAt }) => retryAt !== null);
  await daemon.kill();
  clock.jump(shift);
  await daemon.startAgain();
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 2 });
});
