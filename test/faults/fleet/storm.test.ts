/**
 * Thousands of operations on three hosts, while hosts die, freeze, are cut off, have wrong clocks,
 * and the engine is restarted: each operation is done once, no two attempts overlap, and all hosts
 * tell the same.
 */
// @module-tag postgresql
import { expect, test } from "vitest";
import type { SubmitBody } from "../../../protocol/requests.js";
import type { FleetHost } from "../../features/fleet/fleet-host.js";
import { FleetWorld } from "../../features/fleet/fleet-world.js";
import { DIRECTIONS } from "../../harness/relay.js";
import { counts, Dice, FULL, patience } from "../mode.js";
import { expectLawful } from "./lawful.js";

const OPERATIONS = counts(150, 2000);
const BATCH = 25;
/** Seconds. */
const LOST_AFTER = 4;
const HOUR = 3_600_000;

type Fault = (host: FleetHost, dice: Dice, fleet: FleetWorld) => Promise<void>;

/** Longer than any lease: peers have taken the host for lost. */
const untilLost: Fault = async (host, dice, fleet) => {
  if (fleet.hosts.some((each) => each !== host && each.isWell)) await fleet.untilLost(host);
  await dice.moment(0, 1000);
};

const FAULTS: Record<string, Fault> = {
  "machine killed": async (host, dice, fleet) => {
    await host.kill();
    await untilLost(host, dice, fleet);
    await host.start();
  },
  "machine killed, soon back": async (host, dice) => {
    await host.kill();
    await dice.moment(0, 500);
    await host.start();
  },
  "daemon killed": async (host, dice) => {
    await host.killDaemon();
    await dice.moment(0, 300);
    await host.start();
  },
  "daemon killed, not back in time": async (host, dice, fleet) => {
    await host.killDaemon();
    await untilLost(host, dice, fleet);
    await host.start();
  },
  "cut off in one direction": async (host, dice, fleet) => {
    host.partition(DIRECTIONS[dice.whole(0, 1)]!);
    await untilLost(host, dice, fleet);
    host.heal();
  },
  "cut off": async (host, dice, fleet) => {
    host.partition();
    await untilLost(host, dice, fleet);
    host.heal();
  },
  "cut off for a moment": async (host, dice) => {
    host.partition();
    await dice.moment(100, 300 * LOST_AFTER);
    host.heal();
  },
  frozen: async (host, dice, fleet) => {
    await host.freeze();
    await untilLost(host, dice, fleet);
    host.thaw();
  },
  "connections reset": async (host, dice) => {
    for (let n = 0; n < 5; n++) {
      host.relay.cut();
      await dice.moment(10, 200);
    }
  },
};

/** What `npm test` has time for. */
const SHORT = ["machine killed", "frozen", "daemon killed", "cut off in one direction"];

/** All kinds of operations, most of them short. */
function operation(dice: Dice): SubmitBody {
  const op = dice.chance(0.5) ? "works" : "works-on";
  const isLong = dice.chance(0.1);
  const params = {
    steps: isLong ? 24 : 3,
    pause: isLong ? dice.whole(50, 150) : dice.whole(0, 10),
    busy: dice.chance(0.1),
    links: dice.chance(0.1) ? 3 : 1,
  };
  return { op, params };
}

test("operations of a fleet under all faults are done once each, and every host tells the same", {
  timeout: patience(110_000, 1_800_000),
}, async () => {
  const dice = new Dice("fleet storm");
  const hosts = {
    a: { concurrency: 3 },
    b: { concurrency: 3 },
    c: { concurrency: 3, hasClock: true },
  };
  await using fleet = await FleetWorld.start({ hosts, lostAfter: LOST_AFTER });
  fleet.host("c").clock!.jump(HOUR);
  const load = submitAll(fleet, dice);
  // Where a fault fails, that is the error of the test.
  load.catch(() => {});
  let injected = 1;
  const names = Object.keys(FAULTS).filter((name) => FULL || SHORT.includes(name));
  for (let round = 0; round < counts(1, 3); round++) {
    // Two hosts at a time, so that one is left to take over.
    const left = [...names].sort(() => dice.next() - 0.5);
    while (left.length > 0) {
      const [first, second] = [...fleet.hosts].sort(() => dice.next() - 0.5);
      const pair = [strike(fleet, dice, first!, left.pop()!)];
      const other = left.pop();
      if (other !== undefined) pair.push(strike(fleet, dice, second!, other));
      await Promise.all(pair);
      injected += pair.length;
    }
    await fleet.crashEngine();
    injected++;
  }
  await load;
  await fleet.untilIdle(patience(60_000, 600_000));
  expect(fleet.acknowledged).toHaveLength(OPERATIONS);
  const ran = new Set(fleet.effects().map(({ host }) => host));
  expect([...ran].sort()).toEqual(["a", "b", "c"]);
  expectLawful(
    "fleet: hosts and engine, all faults",
    injected,
    await fleet.history(fleet.acknowledged),
  );
});

async function strike(fleet: FleetWorld, dice: Dice, host: FleetHost, name: string): Promise<void> {
  await dice.moment(0, 1000);
  process.stdout.write(`${host.name}: ${name}\n`);
  await FAULTS[name]!(host, dice, fleet);
  process.stdout.write(`${host.name}: ${name}, over\n`);
}

/** In batches, so that operations are queued, running and finished at each fault. */
async function submitAll(fleet: FleetWorld, dice: Dice): Promise<void> {
  for (let from = 0; from < OPERATIONS; from += BATCH) {
    await fleet.submitAll(Array.from({ length: BATCH }, () => operation(dice)));
    await dice.moment(counts(1500, 200), counts(3000, 2500));
  }
}
