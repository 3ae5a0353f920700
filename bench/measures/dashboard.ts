/**
 * Cost of the dashboard on a 160x50 pty: 40 operations that change at 10 Hz, alone and in a list of 10,000, at the same
 * time; a key pressed under that load; and no changes.
 *
 * CPU is the CPU time of the dashboard's process divided by the wall time. The scripted daemons run in this process, so
 * that their cost does not count.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../test/tui/dashboard/world.js";
import { cpuShare } from "../harness/cpu.js";
import { change, finishAll, putFinished, putRunning, startDashboard } from "../harness/dashboard.js";
import { percentile } from "../harness/percentile.js";
import { alone as row } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

export default async function dashboard({ quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 4 : 15;
  const keys = quick ? 15 : 60;

  await using few = await World.start();
  await using many = await World.start();
  putRunning(few, 40);
  putRunning(many, 40);
  putFinished(many, 9960);

  const [alone, among] = [startDashboard(few.socket), startDashboard(many.socket)];
  await Promise.all([few.watched(), many.watched()]);
  // Sorting by another key loads every page; then the usual order is restored.
  for (const key of ["o", "o"]) among.press(key);
  await many.daemon.request(({ query }) => Number(query.before) >= 9500);
  await sleep(500);
  for (const key of ["o", "o", "o"]) among.press(key);

  const still = [change(few), change(many)];
  await sleep(3000);
  const before = { ...alone.written };
  const [busy, crowded] = (await Promise.all([
    cpuShare(alone.pid, seconds),
    cpuShare(among.pid, seconds),
  ])) as [number, number];
  const flushes = alone.written.flushes - before.flushes;
  const bytes = (alone.written.bytes - before.bytes) / Math.max(1, flushes);

  const waits: number[] = [];
  for (let i = 0; i < keys; i++) {
    await sleep(70 + ((i * 37) % 60));
    const start = performance.now();
    const moved = alone.data((data) => data.includes("▌"));
    alone.press(i % 10 < 5 ? "j" : "k");
    await moved;
    waits.push(performance.now() - start);
  }
  const key = percentile(waits, 0.95);

  for (const stop of still) stop();
  finishAll(few);
  await sleep(3000);
  const idle = await cpuShare(alone.pid, seconds);
  alone.kill();
  among.kill();
  const load = "40 operations at 10 Hz on a pty of 160x50";
  return [
    row("dashboard, 40 operations at 10 Hz, CPU", [busy], {
      unit: "% of a core",
      goal: { of: "ours", atMost: 18 },
      notes: `over ${seconds} s on a pty of 160x50`,
    }),
    row("dashboard, a flush", [bytes], {
      unit: "bytes",
      goal: { of: "ours", atMost: 1500 },
      notes: `${(flushes / seconds).toFixed(1)} a second; ${load}`,
    }),
    {
      name: "dashboard, the same among 10,000 in the list, CPU",
      unit: "% of a core",
      ours: crowded,
      reference: { what: "40 alone", value: busy },
      ratio: crowded / busy,
      spread: null,
      goal: { of: "ratio", atMost: 1.2 },
      notes: "two dashboards at the same time",
    },
    row("dashboard, key pressed to screen changed, p95", [key], {
      unit: "ms",
      goal: { of: "ours", atMost: 50 },
      notes: `${keys} keys; ${load}`,
    }),
    row("dashboard, nothing changing, CPU", [idle], {
      unit: "% of a core",
      goal: { of: "ours", atMost: 0.5 },
      notes: `over ${seconds} s`,
    }),
  ];
}
