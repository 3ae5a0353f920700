/**
 * A machine without a free CPU: the work of a host ends before a peer takes it over, with the
 * shortest lease too.
 */
// @module-tag postgresql
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { afterEach, test } from "vitest";
import { LOST_AFTER_RANGE } from "../../../protocol/system/config-settings.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { counts, patience } from "../mode.js";
import { eventually } from "../start.js";
import { expectLawful } from "./lawful.js";

/** Processes that take all CPU time, for each CPU. */
const BURNERS = counts(4, 12);
const burners: ChildProcess[] = [];

function starve(): void {
  for (let n = 0; n < BURNERS * availableParallelism(); n++)
    burners.push(spawn("sh", ["-c", "while :; do :; done"], { detached: true, stdio: "ignore" }));
}

function feed(): void {
  for (const burner of burners.splice(0)) burner.kill("SIGKILL");
}

afterEach(feed);

test("on a machine without a free CPU, the attempts of two hosts do not overlap", {
  timeout: patience(120_000, 300_000),
}, async () => {
  await using fleet = await FleetWorld.start({
    hosts: { a: {}, b: {} },
    lostAfter: LOST_AFTER_RANGE.least,
  });
  const [a, b] = [fleet.host("a"), fleet.host("b")];
  const ids: string[] = [];
  for (let round = 0; round < counts(1, 4); round++) {
    await b.client.drain({ draining: true });
    const { id } = await fleet.submit(a, { op: "spins" });
    ids.push(id);
    const effects = (attempt: number) =>
      fleet.effects().filter((effect) => effect.id === id && effect.attempt === attempt);
    await eventually(`${id} runs`, () => effects(1).length > 1);
    await b.client.drain({ draining: false });
    starve();
    await a.killDaemon();
    await eventually(`${id} runs at b`, () => effects(2).length > 0, undefined, 60_000);
    feed();
    await a.start();
    await fleet.untilIdle();
  }
  expectLawful("fleet: no free CPU", ids.length, await fleet.history(ids));
});
