/**
 * Records the session of the README: a real daemon, the built dashboard on a pty, and a backup of real files that is
 * verified and pruned. Types keys, samples the screen, and writes docs/dashboard.svg.
 *
 * Run it with: npx tsx bench/recording/record.ts
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { benchWorld, bin, node } from "../harness/world.js";
import { RecordedScreen, type Run } from "./screen.js";
import { type Sample, svgOf } from "./svg.js";

const SIZE = { columns: 104, rows: 28 };
/** Milliseconds between two samples. */
const EVERY = 250;
const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const OUT = fileURLToPath(new URL("../../docs/dashboard.svg", import.meta.url));

const world = await benchWorld();
const home = world.env.HOME!;
picturesIn(join(home, "photos"));

const screen = new RecordedScreen(SIZE.columns, SIZE.rows);
const child = pty.spawn(node, [bin("liveops-tui")], {
  cols: SIZE.columns,
  rows: SIZE.rows,
  cwd: home,
  env: { ...world.env, TERM: "xterm-256color", COLORTERM: "truecolor" } as Record<string, string>,
});
child.onData((data) => void screen.write(data));

const samples: Sample[] = [];
const began = performance.now();
const sampler = setInterval(sample, EVERY);
try {
  await seen("No operation yet");
  await delay(1200);
  await type("s");
  await seen("verify-backup");
  await delay(900);
  await type("back");
  await delay(500);
  await type("\r");
  await seen("submit backup");
  await type("photos");
  await type("\x1b[B");
  await type("backups");
  await type("\x1b[B".repeat(3));
  await type("3");
  await delay(1400);
  await type("\x13");
  await seen("● Verify backup", 60_000);
  await seen("✓ Prune backups", 60_000);
  await delay(2000);
  await type("t");
  await seen("■ end");
  await delay(1500);
  await type("g");
  await type("+");
  await type(" ");
  await seen("■ end", 30_000);
  await delay(500);
  sample();
} finally {
  clearInterval(sampler);
  child.kill();
  world.stop();
}
const alt =
  "A session of liveops-tui: a backup is submitted, hands over to its verification and to pruning, and is replayed on its timeline.";
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

/** Files that do not compress, so that a backup of them takes a while. */
function picturesIn(directory: string): void {
  for (let i = 0; i < 260; i++) {
    const album = join(directory, String(2020 + (i % 5)));
    mkdirSync(album, { recursive: true });
    writeFileSync(join(album, `${String(i).padStart(4, "0")}.jpg`), randomBytes(1 << 20));
  }
}
