/**
 * The dashboard on a 160x50 pty, beside bare Ink programs that are bundled in the same way: the time until the first
 * frame; the CPU time of 40 operations that change at 10 Hz, beside as many rows that are redrawn at that rate; and a key
 * pressed under that load.
 *
 * CPU is the CPU time of the dashboard's process divided by the wall time. The scripted daemon runs in this process, so
 * that its cost does not count.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../test/tui/dashboard/world.js";
import { bundleInk, change, putRunning, type Shown, startDashboard, startOn } from "../harness/dashboard.js";
import { cpuShare } from "../harness/processes.js";
import { interleave, type MeasureOptions, percentile, type Row, row } from "../harness/rows.js";
import { bin, cleanEnv, node } from "../harness/world.js";

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

const HELLO = `
  import { render, Text } from "ink";
  import { createElement } from "react";
  render(createElement(Text, null, "a bare program"));
  setInterval(() => {}, 1000);
`;

export default async function dashboard({ quick }: MeasureOptions): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  try {
    return [await firstFrame(dir, quick), ...(await load(dir, quick))];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function firstFrame(dir: string, quick: boolean): Promise<Row> {
  const hello = await bundleInk(dir, HELLO);
  // A dashboard that is killed writes no compile cache for the next one.
  execFileSync(node, [bin("liveops-tui"), "--help"], { env: cleanEnv(), stdio: "ignore" });
  await using world = await World.start();
  const { ours, bare } = await interleave(
    {
      ours: () => untilShown(() => startDashboard(world.socket), "liveops"),
      bare: () => untilShown(() => startOn([hello]), "a bare program"),
    },
    quick ? 3 : 15,
  );
  return row({
    name: "dashboard, first frame",
    unit: "ms",
    ours,
    beside: { what: "a bare Ink program", samples: bare },
    goal: "≤ 1.3 ×",
    notes: "from spawn, on a pty of 160x50; the bin with its compile cache",
  });
}

async function untilShown(start: () => Shown, text: string): Promise<number> {
  const began = performance.now();
  const shown = start();
  await shown.data((data) => data.includes(text));
  const took = performance.now() - began;
  shown.kill();
  return took;
}

async function load(dir: string, quick: boolean): Promise<Row[]> {
  const seconds = quick ? 4 : 15;
  const keys = quick ? 15 : 60;

  await using world = await World.start();
  putRunning(world, 40);

  const bare = startOn([await bundleInk(dir, BARE)]);
  const ours = startDashboard(world.socket);
  await ours.data((data) => data.includes("Back up folder"));
  const still = change(world);
  await sleep(3000);
  const [busy, plain] = await Promise.all([cpuShare(ours.pid, seconds), cpuShare(bare.pid, seconds)]);
  bare.kill();

  const waits: number[] = [];
  for (let i = 0; i < keys; i++) {
    await sleep(70 + ((i * 37) % 60));
    const start = performance.now();
    const moved = ours.data((data) => data.includes("▌"));
    ours.press(i % 10 < 5 ? "j" : "k");
    await moved;
    waits.push(performance.now() - start);
  }
  const key = percentile(waits, 0.95);

  still();
  ours.kill();
  return [
    row({
      name: "dashboard, 40 operations at 10 Hz, CPU",
      unit: "of a core",
      ours: [busy],
      beside: { what: "a bare Ink program", samples: [plain] },
      goal: "≤ 1.4 ×",
      notes: `both redraw as many rows at 10 Hz, at the same time, over ${seconds} s on a pty of 160x50`,
    }),
    row({
      name: "dashboard, key pressed to screen changed, p95",
      unit: "ms",
      ours: [key],
      goal: "≤ 50 ms",
      notes: `${keys} keys; 40 operations at 10 Hz on a pty of 160x50`,
    }),
  ];
}
