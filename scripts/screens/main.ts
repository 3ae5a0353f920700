/**
 * `npm run screens`: records the session of the README, docs/dashboard.svg. A real daemon with a
 * seeded history, and the built dashboard on a pty. Two operations run; a failure waits for the
 * person and is shown; a chain hands over.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { benchWorld, bin, node, temporary } from "../../bench/harness/world.js";
import { HeadlessTerminal } from "../../test/tui/dashboard/terminal.js";
import { OPERATIONS } from "./operations.js";
import { type Frame, frameOf, svgOf } from "./picture.js";

const SIZE = { columns: 120, rows: 34 };
/** Milliseconds between two frames, and for which the session lasts. */
const EVERY = 650;
const LASTS = 15_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const OUT = fileURLToPath(new URL("../../docs/dashboard.svg", import.meta.url));
const BACKGROUND = "\x1b]11;rgb:0d0d/1111/1717\x07";

const opsDir = temporary();
for (const [name, source] of Object.entries(OPERATIONS)) writeFileSync(join(opsDir, name), source);
const world = await benchWorld({ opsDir, slots: 8 });
const { NO_COLOR: _plain, CI: _ci, ...env } = world.env;
const home = env.HOME!;
const { client } = world;
let keys = 0;
const submit = async (op: string, label: string | null, set: string[] = []) => {
  const operation = await client.submit(
    { op, set, cwd: home, label: label ?? undefined },
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

const screen = new HeadlessTerminal(SIZE.columns, SIZE.rows);
const child = pty.spawn(node, [bin("liveops-tui")], {
  cols: SIZE.columns,
  rows: SIZE.rows,
  cwd: home,
  env: { ...env, TERM: "xterm-256color", COLORTERM: "truecolor" } as Record<string, string>,
});
child.onData((data) => {
  screen.write(data);
  if (data.includes("\x1b]11;?")) child.write(BACKGROUND);
});
await screen.until("release 4.2");
await delay(400);

const frames: Frame[] = [];
const began = performance.now();
const recorder = setInterval(take, EVERY);
try {
  take();
  // The newest runs are on the screen: one above is the chain, or one below.
  await type(rowOf("nightly") > rowOf("release 4.2") ? "j" : "k");
  await until(2200);
  await submit("deploy", "prod rollout");
  await screen.until("✗ prod rollout");
  await delay(1400);
  await type("!");
  await screen.until("└");
  await delay(1900);
  for (let i = 0; i < 6 && !/▌.[●▲] nightly/.test(screen.text()); i++) await type("k");
  await until(10_800);
  await until(LASTS);
  take();
} finally {
  clearInterval(recorder);
  child.kill();
  world.stop();
}
const alt =
  "A session of liveops-tui: a chain runs with its stages in one line, a failure waits for the person and is shown with its cause and the chain hands over.";
const svg = svgOf({ ...SIZE, frames, rest: 4, alt });
writeFileSync(OUT, svg);
console.log(`${frames.length} frames, ${(svg.length / 1024).toFixed(0)} KiB: docs/dashboard.svg`);

function take(): void {
  frames.push(frameOf(screen, (performance.now() - began) / 1000, atHome));
}

/** Replaces this machine's directories by the directories of a sample user. */
function atHome(text: string): string {
  return text
    .replaceAll(home, "/home/ada")
    .replaceAll(opsDir, "/home/ada/ops")
    .replaceAll(ROOT, "/home/ada/liveops");
}

async function type(keys: string): Promise<void> {
  for (const key of keys.startsWith("\x1b") ? keys.split(/(?=\x1b)/) : keys) {
    child.write(key);
    await delay(90);
  }
}

/** Waits until so many milliseconds of the session have gone by. */
async function until(milliseconds: number): Promise<void> {
  await delay(Math.max(0, began + milliseconds - performance.now()));
}

/** The row of the list that holds the text. */
function rowOf(text: string): number {
  return screen.rows().findIndex((row) => row.includes(text));
}
