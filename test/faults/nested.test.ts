/**
 * Pipelines inside of pipelines in a queue with one slot, while the daemon and random workers are
 * killed. All end, no operation is lost or made twice, no script runs twice in an attempt, and
 * never do two scripts work at once.
 */
import { expect, test } from "vitest";
import { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, patience } from "./mode.js";
import { killWorker, NestedRuns, nestedOps } from "./nested-runs.js";
import { eventually, everyOperation, untilIdle } from "./start.js";

const PIPELINES = counts(2, 12);
/** Rounds of one kill of the daemon and one of a worker. */
const KILLS = counts(2, 15);
/** Longest time between two kills, in ms. */
const EVERY_MS = counts(300, 1000);

test("pipelines six deep in one slot, daemon and workers killed: all end, none is lost or made twice", {
  timeout: patience(120_000, 1_800_000),
}, async () => {
  const config = { maxQueued: 100_000, keepFinished: 100_000 };
  await using daemon = await TestDaemon.start({ ops: nestedOps, config, concurrency: 1 });
  const names = Array.from({ length: PIPELINES }, (_, n) => `p${n}`);
  const runs = new NestedRuns(daemon.world.dir, names);
  await daemon.client.submit(runs.bodies, "all");
  const dice = new Dice("nested");
  const killed = new Set<string>();
  for (let kills = 0; kills < KILLS; kills++) {
    const before = runs.ran.length;
    await dice.moment(0, EVERY_MS);
    await killWorker(daemon.client, dice, killed);
    await dice.moment(0, EVERY_MS / 4);
    await daemon.kill();
    await daemon.startAgain();
    await eventually("another script runs", () => runs.ran.length > before || runs.isOver);
  }
  await untilIdle(daemon, patience(60_000, 1_200_000));
  expect(runs.isOver).toBe(true);
  const injected = KILLS + killed.size;
  runs.expectLawful("operations inside of others", injected, await everyOperation(daemon));
});
