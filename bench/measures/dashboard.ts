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

/** As many rows as the dashboard has on the screen, of the same kind: a border, a name, a bar, figures; all at 10 Hz. */
const BARE = `
  import { Box, render, Text } from "ink";
  import { createElement as h, useEffect, useState } from "react";
  const bar = (width, part) => {
    const full = Math.round(part * width);
    return "\\x1b[34m" + "█".repeat(full) + "\\x1b[90m" + "░".repeat(width - full) + "\\x1b[39m";
  };
  function Panel({ width, round, wide }) {
    const rows = Array.from({ length: 47 }, (_, i) => {
      const part = ((round * (i + 3)) % 10000) / 10000;
      const text = " ● row " + i + " of the list   " + bar(wide, part) + " " + Math.floor(part * 100) + "%";
      return h(Text, { key: i, wrap: "truncate-end" }, text);
    });
    return h(Box, { width, height: 49, borderStyle: "round", flexDirection: "column" }, rows);
  }
  function Rows() {
    const [round, setRound] = useState(0);
    useEffect(() => {
      const timer = setInterval(() => setRound((before) => before + 1), 100);
      return () => clearInterval(timer);
    }, []);
    const panels = [h(Panel, { key: 1, width: 61, round, wide: 10 }), h(Panel, { key: 2, width: 97, round, wide: 40 })];
    return h(Box, { height: 50 }, panels);
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
  await Promise.all([alone, among].map((shown) => shown.data((data) => data.includes("Back up folder"))));
  // Sorting by another key loads every page; then the usual order is restored.
  for (const key of ["o", "o"]) among.press(key);
  await many.daemon.request(({ query }) => Number(query.before) >= 9499);
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
      notes: `both redraw as many rows at 10 Hz, at the same time, over ${seconds} s on a pty of 160x50`,
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
