/**
 * Records the session of the README: a real daemon with a seeded history, and the built dashboard on a pty of 120x34.
 * Two operations run; a failure elsewhere is announced and shown; a chain hands over; the timeline is opened. Types
 * keys, samples the screen, and writes docs/dashboard.svg.
 *
 * Run it with: npx tsx scripts/screens/record.ts
 */
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { benchWorld, bin, node } from "../../bench/harness/world.js";
import { type Sample, svgOf } from "./animation.js";
import { OPERATIONS } from "./operations.js";
import { RecordedScreen, type Run } from "./screen.js";

const SIZE = { columns: 120, rows: 34 };
/** Milliseconds between two samples, and for which the session lasts. */
const EVERY = 400;
const LASTS = 15_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const OUT = fileURLToPath(new URL("../../docs/dashboard.svg", import.meta.url));
const BACKGROUND = "\x1b]11;rgb:0d0d/1111/1717\x07";

const world = await benchWorld({ ops: OPERATIONS, flags: ["--concurrency", "8"] });
const home = world.env.HOME!;
const { client } = world;
let keys = 0;
const submit = async (op: string, label: string | null, set: string[] = []) => {
  const operation = await client.submit(
    { op, set, cwd: home, ...(label !== null && { label }) },
    `recording-${++keys}`,
  );
  return operation.id;
};
const run = (...words: string[]) => world.run("liveops", ...words);

console.log("running the history");
const before = [
  await submit("release", "release 4.1"),
  await submit("deploy", "staging rollout", ["fails=false"]),
  await submit("extract", "nightly"),
  await submit("extract", "nightly"),
  await submit("release", "release 4.0"),
  await submit("deploy", "staging rollout", ["fails=false"]),
];
run("submit", "shell", "--wait", "--", "echo", "all tests passed");
for (const id of before) run("wait", id);

await submit("extract", "nightly");
await submit("release", "release 4.2");
await delay(1200);

const screen = new RecordedScreen(SIZE.columns, SIZE.rows);
const child = pty.spawn(node, [bin("liveops-tui")], {
  cols: SIZE.columns,
  rows: SIZE.rows,
  cwd: home,
  env: { ...world.env, TERM: "xterm-256color", COLORTERM: "truecolor" } as Record<string, string>,
});
child.onData((data) => {
  void screen.write(data);
  if (data.includes("\x1b]11;?")) child.write(BACKGROUND);
});
await seen("release 4.2");
await delay(400);

const samples: Sample[] = [];
const began = performance.now();
const sampler = setInterval(sample, EVERY);
try {
  sample();
  // The newest runs are on the screen: one above is the chain, or one below.
  await type(rowOf("nightly") > rowOf("release 4.2") ? "j" : "k");
  await until(2200);
  await submit("deploy", "prod rollout");
  await seen("prod rollout failed");
  await delay(1400);
  await type("!");
  await seen("✗ prod rollout Deploy");
  await delay(1900);
  for (let i = 0; i < 6 && !/▌[●▲] nightly/.test(screen.text()); i++) await type("k");
  await until(10_800);
  await type("t");
  await seen("Timeline");
  await until(LASTS);
  sample();
} finally {
  clearInterval(sampler);
  child.kill();
  world.stop();
}
const alt =
  "A session of liveops-tui: two operations run, a failure elsewhere is announced and shown with its cause, a chain hands over, and its timeline is opened.";
const svg = svgOf({ ...SIZE, samples, rest: 4, alt });
writeFileSync(OUT, svg);
console.log(`${samples.length} samples, ${(svg.length / 1024).toFixed(0)} KiB: docs/dashboard.svg`);

function sample(): void {
  const rows = Array.from({ length: SIZE.rows }, (_, y) => screen.row(y).map(atHome));
  samples.push({ at: (performance.now() - began) / 1000, title: screen.title, rows });
}

/** Replaces this machine's directories by the directories of a sample user. */
function atHome(run: Run): Run {
  const text = run.text.replaceAll(home, "/home/ada").replaceAll(ROOT, "/home/ada/liveops");
  return text === run.text ? run : { ...run, text, columns: run.columns - (run.text.length - text.length) };
}

async function type(keys: string): Promise<void> {
  for (const key of keys.startsWith("\x1b") ? keys.split(/(?=\x1b)/) : keys) {
    child.write(key);
    await delay(90);
  }
}

async function seen(text: string, patience = 10_000): Promise<void> {
  const limit = performance.now() + patience;
  while (!screen.text().includes(text)) {
    if (performance.now() > limit) throw new Error(`never seen: ${text}; the screen shows\n${screen.text()}`);
    await delay(20);
  }
}

/** Waits until so many milliseconds of the session have gone by. */
async function until(milliseconds: number): Promise<void> {
  await delay(Math.max(0, began + milliseconds - performance.now()));
}

/** The row of the list that holds the text. */
function rowOf(text: string): number {
  return screen
    .text()
    .split("\n")
    .findIndex((row) => row.includes(text));
}
