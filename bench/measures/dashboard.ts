/**
 * The dashboard on a pty, beside bare Ink programs: the time until the first frame; the CPU time of
 * 40 operations that change at 10 Hz, beside as many rows that are redrawn at that rate; and a key
 * pressed under that load.
 *
 * The scripted daemon runs in this process, so that its cost does not count.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { operation } from "../../test/tui/dashboard/operations.js";
import { World } from "../../test/tui/dashboard/world.js";
import { bundleInk, type Shown, startDashboard, startOnPty } from "../harness/dashboard.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { cpuShare, timed } from "../harness/processes.js";
import { quantile } from "../harness/rows.js";
import { bin, node } from "../harness/world.js";

const HELLO = `
  import { render, Text } from "ink";
  import { createElement } from "react";
  render(createElement(Text, null, "a bare program"));
  setInterval(() => {}, 1000);
`;

/**
 * As many rows as the dashboard has on the screen, of the same kind: a border, a name, a bar,
 * figures; all at 10 Hz.
 */
const ROWS = `
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
  const screen = { alternateScreen: true, incrementalRendering: true, maxFps: 60, patchConsole: false };
  render(h(Rows), { ...screen, interactive: true });
`;

const hello = await bundleInk(HELLO);
// A dashboard that is killed writes no compile cache for the next one.
timed([node, bin("liveops-tui"), "--help"]);
await using empty = await World.start();
const frames = await rounds(15, {
  ours: () => untilShown(() => startDashboard(empty.socket), "liveops"),
  bare: () => untilShown(() => startOnPty([hello]), "a bare program"),
});
row("first frame", "ms", "≤ 1.3 ×", frames.ours, { "bare Ink": frames.bare });

await using world = await World.start();
const ids = Array.from({ length: 40 }, (_, i) => `bench${String(i).padStart(7, "0")}`);
const at = new Date().toISOString();
const times = { createdAt: at, startedAt: at, updatedAt: at };
const stages = { currentStage: 1, stageStates: { Load: "done", Process: "active" } } as const;
for (const id of ids)
  world.put(operation({ id, title: `Back up ${id}`, state: "running", ...stages, ...times }));
const ours = startDashboard(world.socket);
await ours.shows("Back up");
const bare = startOnPty([await bundleInk(ROWS)]);
let round = 0;
setInterval(change, 100);
await sleep(3000);
// Both at the same time, so that they share the load.
const { cpu } = await rounds(5, {
  cpu: () =>
    Promise.all([cpuShare(ours.pid, isQuick ? 2 : 5), cpuShare(bare.pid, isQuick ? 2 : 5)]),
});
row(
  "CPU, 40 operations at 10 Hz",
  "of a core",
  "≤ 1.4 ×",
  cpu.map(([share]) => share),
  { "bare Ink": cpu.map(([, share]) => share) },
);
bare.kill();

const waits: number[] = [];
for (let i = 0; i < (isQuick ? 15 : 100); i++) {
  await sleep(70 + ((i * 37) % 60));
  const start = performance.now();
  const moved = ours.shows("▌");
  ours.press(i % 10 < 5 ? "j" : "k");
  await moved;
  waits.push(performance.now() - start);
}
row("key to screen, p95", "ms", "≤ 50 ms", [quantile(waits, 0.95)]);

async function untilShown(start: () => Shown, text: string): Promise<number> {
  const began = performance.now();
  const shown = start();
  await shown.shows(text);
  const took = performance.now() - began;
  shown.kill();
  return took;
}

/** Changes each operation, and logs a line in the first. */
function change(): void {
  round++;
  for (const [i, id] of ids.entries()) {
    const done = (round * (i + 3)) % 10_000;
    const etaSeconds = (10_000 - done) / 1000;
    const progress = {
      done,
      total: 10_000,
      unit: "row",
      label: "Rows",
      rate: 1000 + i,
      etaSeconds,
    };
    world.patch(id, { percent: done / 100, progress, updatedAt: new Date().toISOString() });
  }
  world.log(ids[0]!, `row ${round}`);
}
