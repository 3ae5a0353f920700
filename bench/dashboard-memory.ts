/**
 * Whether the dashboard's memory stays flat: 40 operations changing at 10 Hz, each of them ended and another begun all
 * the time, and a log that grows.
 *
 *     npm run build && npx tsx bench/dashboard-memory.ts [path of the bundle] [minutes, default 2]
 *
 * The median resident size of the last third of the time divided by that of the middle third: the first third is what
 * it takes to warm up.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../test/tui/dashboard/world.js";
import { change, putRunning, startDashboard } from "./harness/dashboard.js";
import { percentile } from "./harness/percentile.js";

const MINUTES = Number(process.argv[3] ?? 2);
const LIMIT = 1.1;

const megabytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

await using world = await World.start();
putRunning(world, 40);
const shown = startDashboard(world.socket);
await world.watched();
const still = change(world);
const sizes: number[] = [];
for (let second = 0; second < MINUTES * 60; second++) {
  // One that ends, and is removed a while later, as on a machine that runs for days.
  const id = `short${String(second).padStart(7, "0")}`;
  const [any] = world.operations.values();
  world.put({ ...any!, id, state: "succeeded", chain: { ...any!.chain, id } });
  if (second >= 30) world.remove(`short${String(second - 30).padStart(7, "0")}`);
  await sleep(1000);
  sizes.push(megabytes(shown.pid));
}
still();
shown.kill();
const third = Math.floor(sizes.length / 3);
const middle = percentile(sizes.slice(third, 2 * third), 0.5);
const last = percentile(sizes.slice(2 * third), 0.5);
console.log(
  `dashboard, memory over ${MINUTES} minutes: ${middle.toFixed(0)} to ${last.toFixed(0)} MiB, ` +
    `${(last / middle).toFixed(2)} times (at most ${LIMIT} wanted)`,
);
process.exitCode = last / middle <= LIMIT ? 0 : 1;
