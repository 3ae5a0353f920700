/**
 * How long the dashboard takes to its first frame, in proportion to a bare Ink program that shows one line, bundled in
 * the same way; both on a pty, turn by turn.
 *
 *     npm run build && npx tsx bench/dashboard-first-frame.ts [path of the bundle]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { World } from "../test/tui/dashboard/world.js";
import { type Shown, startDashboard, startOn } from "./harness/dashboard.js";
import { percentile } from "./harness/percentile.js";

const ROUNDS = 15;
const LIMIT = 1.25;
const HELLO = `
  import { render, Text } from "ink";
  import { createElement } from "react";
  render(createElement(Text, null, "a bare program"));
  setInterval(() => {}, 1000);
`;

const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
const hello = join(dir, "hello.js");
writeFileSync(join(dir, "package.json"), `{ "type": "module" }`);
await build({
  stdin: {
    contents: HELLO,
    resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    sourcefile: "hello.js",
  },
  entryNames: "hello",
  outdir: dir,
  // Ink's development tools stay in a chunk that is never loaded.
  splitting: true,
  bundle: true,
  platform: "node",
  format: "esm",
  minifySyntax: true,
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
  external: ["react-devtools-core"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});

async function firstFrame(start: () => Shown, text: string): Promise<number> {
  const began = performance.now();
  const shown = start();
  await shown.data((data) => data.includes(text));
  const took = performance.now() - began;
  shown.kill();
  return took;
}

await using world = await World.start();
const times = { hello: [] as number[], dashboard: [] as number[] };
for (let i = 0; i <= ROUNDS; i++) {
  const bare = await firstFrame(() => startOn([hello]), "a bare program");
  const ours = await firstFrame(() => startDashboard(world.socket), "liveops");
  // The first of each fills the disk cache.
  if (i === 0) continue;
  times.hello.push(bare);
  times.dashboard.push(ours);
}
rmSync(dir, { recursive: true });
const [bare, ours] = [percentile(times.hello, 0.5), percentile(times.dashboard, 0.5)];
console.log(
  `dashboard, first frame: ${ours.toFixed(0)} ms, a bare Ink program's ${bare.toFixed(0)} ms: ` +
    `${(ours / bare).toFixed(2)} times (at most ${LIMIT} wanted)`,
);
process.exitCode = ours / bare <= LIMIT ? 0 : 1;
