/**
 * Pipelines inside of pipelines on three hosts, in a queue that has one slot in all, while daemons,
 * workers and whole machines are killed: all end, none is lost or made twice, and never do two
 * scripts work at once.
 */
// @module-tag postgresql
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { counts, Dice, patience } from "../mode.js";
import { killWorker, NestedRuns, nestedOps } from "../nested-runs.js";
import { eventually, everyOperation } from "../start.js";

const PIPELINES = counts(2, 12);
/** Rounds of one kill of a daemon and one of a worker; each tenth kills a machine, too. */
const KILLS = counts(2, 15);

test("pipelines six deep in one slot of a fleet, hosts and workers killed: all end, none is lost or made twice", {
  timeout: patience(180_000, 1_800_000),
}, async () => {
  const config = { queues: { gpu: { concurrency: 1 } } };
  const host = { concurrency: 2, config };
  await using fleet = await FleetWorld.start({
    hosts: { a: host, b: host, c: host },
    ops: nestedOps,
    lostAfter: 4,
  });
  const names = Array.from({ length: PIPELINES }, (_, n) => `p${n}`);
  const runs = new NestedRuns(fleet.dir, names);
  for (const [n, body] of runs.bodies.entries())
    await fleet.hosts[n % 3]!.client.submit({ ...body, queue: "gpu" }, `p${n}`);
  const dice = new Dice("nested fleet");
  const killed = new Set<string>();
  for (let kills = 1; kills <= KILLS; kills++) {
    const before = runs.ran.length;
    await dice.moment(0, 1000);
    const struck = fleet.hosts[dice.whole(0, 2)]!;
    await killWorker(struck.client, dice, killed);
    if (kills % 10 === 0) {
      await struck.kill();
      await fleet.untilLost(struck);
    } else await struck.killDaemon();
    await struck.start();
    await eventually("another script runs", () => runs.ran.length > before || runs.isOver);
  }
  await fleet.untilIdle(patience(120_000, 1_200_000));
  expect(runs.isOver).toBe(true);
  let all: Operation[] = [];
  const isWhole = async () => {
    all = await everyOperation(fleet.host("a").daemon);
    return all.length >= PIPELINES * 7;
  };
  await eventually("every operation is listed", isWhole);
  runs.expectLawful("fleet: operations inside of others", KILLS + killed.size, all);
});
