/**
 * Cost of the dashboard on a 160x50 pty: 40 operations that change at 10 Hz, alone and in a list of 10,000, compared
 * with a bare Ink program that redraws as many rows at that rate, all at the same time; a key pressed under that load;
 * and no changes.
 *
 * CPU is the CPU time of the dashboard's process divided by the wall time. The scripted daemons run in this process, so
 * that their cost does not count.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../test/tui/dashboard/world.js";
import { cpuShare } from "../harness/cpu.js";
import {
  bundleInk,
  change,
  finishAll,
  putFinished,
  putRunning,
  startDashboard,
  startOn,
} from "../harness/dashboard.js";
import { percentile } from "../harness/percentile.js";
import { alone as row } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";

/** As many rows as the dashboard has on the screen, each another text ten times a second. */
const BARE = `
  import { Box, render, Text } from "ink";
  import { createElement as h, useEffect, useState } from "react";
  function Rows() {
    const [round, setRound] = useState(0);
    useEffect(() => {
      const timer = setInterval(() => setRound((before) => before + 1), 100);
      return () => clearInterval(timer);
    }, []);
    const rows = Array.from({ length: 49 }, (_, i) => {
      const done = (round * (i + 3)) % 10000;
      const text = "\\x1b[34m" + "row ".padEnd(100, "x") + "\\x1b[39m " + i + " " + done;
      return h(Text, { key: i, wrap: "truncate-end" }, text);
    });
    return h(Box, { flexDirection: "column", height: 50 }, rows);
  }
  render(h(Rows), {
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 60,
    patchConsole: false,
    interactive: true,
  });
`;

export default async function dashboard({ quick }: MeasureOptions): Promise<Row[]> {
  const seconds = quick ? 4 : 15;
  const keys = quick ? 15 : 60;

  await using few = await World.start();
  await using many = await World.start();
  putRunning(few, 40);
  putRunning(many, 40);
  putFinished(many, 9960);

  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const bare = startOn([await bundleInk(dir, BARE)]);
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
  const [busy, crowded, plain] = (await Promise.all([
    cpuShare(alone.pid, seconds),
    cpuShare(among.pid, seconds),
    cpuShare(bare.pid, seconds),
  ])) as [number, number, number];
  bare.kill();
  rmSync(dir, { recursive: true });
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
    {
      name: "dashboard, 40 operations at 10 Hz, CPU",
      unit: "% of a core",
      ours: busy,
      reference: { what: "a bare Ink program", value: plain },
      ratio: busy / plain,
      spread: null,
      goal: { of: "ratio", atMost: 1.5 },
      notes: `49 rows at 10 Hz each, at the same time, over ${seconds} s on a pty of 160x50`,
    },
    row("dashboard, a flush", [bytes], {
      unit: "bytes",
      goal: { of: "ours", atMost: 4096 },
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
