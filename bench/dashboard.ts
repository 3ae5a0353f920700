/**
 * What the dashboard costs on a pty of 160x50: 40 operations changing at 10 Hz, alone and in a list of 10,000, at the
 * same time; a key pressed under that load; and nothing at all.
 *
 *     npm run build && npx tsx bench/dashboard.ts [path of the bundle]
 *
 * CPU time of the dashboard's process divided by the wall time of the same seconds. The scripted daemons run in this
 * process, so that their cost is not counted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../test/tui/dashboard/world.js";
import { cpuShare } from "./harness/cpu.js";
import { change, putFinished, putRunning, settleAll, startDashboard } from "./harness/dashboard.js";
import { percentile } from "./harness/percentile.js";

const SECONDS = 15;
const KEYS = 60;
const LIMITS = { busy: 18, bytes: 1500, many: 1.2, idle: 0.5, key: 50 };

await using few = await World.start();
await using many = await World.start();
putRunning(few, 40);
putRunning(many, 40);
putFinished(many, 9960);

const [alone, among] = [startDashboard(few.socket), startDashboard(many.socket)];
await Promise.all([few.watched(), many.watched()]);
// An order that needs all of them brings in every page; then back to the usual one.
for (const key of ["o", "o"]) among.press(key);
await many.daemon.request(({ query }) => Number(query.before) >= 9500);
await sleep(500);
for (const key of ["o", "o", "o"]) among.press(key);

const still = [change(few), change(many)];
await sleep(3000);
const before = { ...alone.written };
const [busy, crowded] = (await Promise.all([cpuShare(alone.pid, SECONDS), cpuShare(among.pid, SECONDS)])) as [
  number,
  number,
];
const flushes = alone.written.flushes - before.flushes;
const bytes = (alone.written.bytes - before.bytes) / Math.max(1, flushes);

const waits: number[] = [];
for (let i = 0; i < KEYS; i++) {
  await sleep(70 + ((i * 37) % 60));
  const start = performance.now();
  const moved = alone.data((data) => data.includes("▌"));
  alone.press(i % 10 < 5 ? "j" : "k");
  await moved;
  waits.push(performance.now() - start);
}
const key = percentile(waits, 0.95);

for (const stop of still) stop();
settleAll(few);
await sleep(3000);
const idle = await cpuShare(alone.pid, SECONDS);
alone.kill();
among.kill();

const results: [what: string, value: number, digits: number, unit: string, limit: number][] = [
  ["40 operations at 10 Hz", busy, 1, "% of a core", LIMITS.busy],
  [`a flush (${(flushes / SECONDS).toFixed(1)} a second)`, bytes, 0, "bytes", LIMITS.bytes],
  [
    `the same among 10,000 in the list (${crowded.toFixed(1)} %)`,
    crowded / busy,
    2,
    "times the CPU of 40",
    LIMITS.many,
  ],
  ["key pressed to screen changed under that load, p95", key, 0, "ms", LIMITS.key],
  ["nothing changing", idle, 1, "% of a core", LIMITS.idle],
];
for (const [what, value, digits, unit, limit] of results)
  console.log(`dashboard, ${what}: ${value.toFixed(digits)} ${unit} (at most ${limit} wanted)`);
process.exitCode = results.every(([, value, , , limit]) => value <= limit) ? 0 : 1;
