/**
 * Takes pictures of the dashboard: real daemons with seeded operations, the built `liveops-tui` on a pty, the screen as
 * text, SVG and PNG. PNG needs chromium on the PATH.
 *
 * Run it with: npm run screens -- [--out DIR] [--scenes a,b] [--sizes 80x24,…] [--themes dark,…]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import pty from "@lydell/node-pty";
import { bin, node } from "../../bench/harness/world.js";
import { DARK_PAPER, LIGHT_PAPER, type Paper, XTERM_PAPER } from "./paper.js";
import { SCENES, type Scene, SEEDS, type Seeded } from "./scenes.js";
import { RecordedScreen } from "./screen.js";
import { type Picture, type Sheet, sheetsOf } from "./sheet.js";

const SIZES = ["160x50", "80x24", "60x20", "120x36", "40x15", "100x30", "200x60"];

interface Look {
  paper: Paper;
  env: Record<string, string>;
}

const LOOKS: Record<string, Look> = {
  dark: { paper: DARK_PAPER, env: { TERM: "xterm-256color", COLORTERM: "truecolor" } },
  light: { paper: LIGHT_PAPER, env: { TERM: "xterm-256color", COLORTERM: "truecolor" } },
  "16": { paper: XTERM_PAPER, env: { TERM: "xterm" } },
  "16-light": { paper: LIGHT_PAPER, env: { TERM: "xterm" } },
  "no-color": { paper: DARK_PAPER, env: { TERM: "xterm-256color", NO_COLOR: "1" } },
};

const { values } = parseArgs({
  options: {
    out: { type: "string", default: ".dev/screens" },
    scenes: { type: "string", default: Object.keys(SCENES).join(",") },
    sizes: { type: "string", default: SIZES.join(",") },
    themes: { type: "string", default: "dark,light,16,no-color" },
  },
});
const out = resolve(values.out);
mkdirSync(out, { recursive: true });
const names = chosen("scenes", values.scenes, Object.keys(SCENES));
const themes = chosen("themes", values.themes, Object.keys(LOOKS));
const sizes = values.sizes.split(",").map((size) => {
  const [columns, rows] = size.split("x").map(Number);
  if (!columns || !rows) fail(`'${size}' is not a size such as 80x24`);
  return { columns, rows };
});

for (const seed of Object.keys(SEEDS) as (keyof typeof SEEDS)[]) {
  const own = names.filter((name) => SCENES[name]!.seed === seed);
  if (own.length === 0) continue;
  console.log(`seeding: ${seed}`);
  const seeded = await SEEDS[seed]();
  try {
    for (const name of own) for (const theme of themes) await shoot(name, SCENES[name]!, theme, seeded);
  } finally {
    if (seed !== "none") seeded.world.stop();
  }
}

async function shoot(name: string, scene: Scene, theme: string, seeded: Seeded): Promise<void> {
  const { paper, env } = LOOKS[theme]!;
  const id = (await scene.before?.(seeded)) ?? null;
  const first = sizes[0]!;
  const screen = new RecordedScreen(first.columns, first.rows);
  const child = pty.spawn(node, [bin("liveops-tui"), ...(id === null ? [] : [id])], {
    cols: first.columns,
    rows: first.rows,
    cwd: seeded.world.env.HOME!,
    env: { ...withoutColours(seeded.world.env), ...env, TZ: "UTC" },
  });
  let writtenAt = performance.now();
  child.onData((data) => {
    void screen.write(data);
    writtenAt = performance.now();
    if (data.includes("\x1b]11;?")) child.write(`\x1b]11;${reply(paper.background)}\x07`);
  });
  const pictures: Picture[] = [];
  try {
    // Keys that come before the operation is there would do nothing.
    await seen(screen, id === null ? /─/ : /─ Log/);
    await delay(700);
    for (const key of scene.keys ?? [])
      if (typeof key === "number") await delay(key);
      else
        for (const one of key.startsWith("\x1b") ? [key] : key) {
          child.write(one);
          await delay(40);
        }
    await seen(screen, scene.shows).catch((error) => console.error(`${name}: ${error.message}`));
    for (const { columns, rows } of sizes) {
      screen.resize(columns, rows);
      const resizedAt = performance.now();
      child.resize(columns, rows);
      await delay(450);
      // A busy machine repaints later; a spinner never rests.
      while (writtenAt < resizedAt && performance.now() - resizedAt < 5000) await delay(50);
      await delay(writtenAt - resizedAt > 400 ? 300 : 0);
      const picture = { caption: `${name} ${columns}x${rows} ${theme}`, columns, paper };
      pictures.push({ ...picture, rows: Array.from({ length: rows }, (_, y) => screen.row(y)) });
      writeFileSync(join(out, `${name}-${columns}x${rows}-${theme}.txt`), `${screen.text()}\n`);
    }
  } finally {
    child.kill("SIGKILL");
  }
  for (const [i, sheet] of sheetsOf(pictures).entries())
    writeSheet(join(out, `${name}-${theme}-${i + 1}`), sheet);
}

function writeSheet(file: string, { svg, width, height }: Sheet): void {
  writeFileSync(`${file}.svg`, svg);
  const words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
  const size = `--window-size=${width},${height}`;
  const made = spawnSync("chromium", [...words, size, `--screenshot=${file}.png`, `${file}.svg`]);
  console.log(
    `${file}.${made.error === undefined && made.status === 0 ? "png" : "svg (no chromium for a PNG)"}`,
  );
}

async function seen(screen: RecordedScreen, fits: RegExp): Promise<void> {
  const limit = performance.now() + 8000;
  while (!fits.test(screen.text())) {
    if (performance.now() > limit) throw new Error(`never seen: ${fits}; the screen shows\n${screen.text()}`);
    await delay(20);
  }
}

function withoutColours(env: NodeJS.ProcessEnv): Record<string, string> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, COLORTERM: _term, COLORFGBG: _behind, CI: _ci, ...rest } = env;
  return rest as Record<string, string>;
}

/** `#0d1117` as a terminal says it. */
function reply(colour: string): string {
  return `rgb:${[1, 3, 5].map((at) => colour.slice(at, at + 2).repeat(2)).join("/")}`;
}

function chosen(what: string, text: string, all: readonly string[]): string[] {
  const list = text.split(",");
  const unknown = list.find((name) => !all.includes(name));
  if (unknown !== undefined) fail(`no ${what} '${unknown}'; there are: ${all.join(", ")}`);
  return list;
}

function fail(text: string): never {
  console.error(text);
  process.exit(2);
}
