/** Runs the built dashboard on a 160x50 pty, with operations that change ten times a second. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { build } from "esbuild";
import { ago, NOW, operation } from "../../test/tui/dashboard/operations.js";
import type { World } from "../../test/tui/dashboard/world.js";
import { bin, cleanEnv, node } from "./world.js";

const HERTZ = 10;

export interface Shown {
  readonly pid: number;
  press(keys: string): void;
  /** Resolves with the next data that matches. */
  data(fits: (data: string) => boolean): Promise<string>;
  kill(): void;
}

/** @param operation - shows the page of this operation instead of the list */
export function startDashboard(socket: string, operation?: string): Shown {
  return startOn([bin("liveops-tui"), "--socket", socket, ...(operation === undefined ? [] : [operation])]);
}

/** Runs a Node program on a pty of the same size. */
export function startOn(words: string[]): Shown {
  // Ink draws nothing where CI is set. Colours take time, so they are measured too.
  const { CI: _ci, NO_COLOR: _plain, ...env } = cleanEnv();
  const child = pty.spawn(node, words, {
    cols: 160,
    rows: 50,
    env: { ...env, TERM: "xterm-256color" } as Record<string, string>,
  });
  const waiting = new Set<(data: string) => void>();
  child.onData((data) => {
    for (const tell of waiting) tell(data);
  });
  return {
    pid: child.pid,
    press: (keys) => child.write(keys),
    data: (fits) =>
      new Promise((resolve) => {
        const tell = (data: string) => {
          if (!fits(data)) return;
          waiting.delete(tell);
          resolve(data);
        };
        waiting.add(tell);
      }),
    kill: () => child.kill("SIGKILL"),
  };
}

const when = (seconds: number) => new Date(Date.now() + Date.parse(ago(seconds)) - NOW).toISOString();

export function putRunning(world: World, count: number): void {
  for (let i = 0; i < count; i++) {
    const id = `bench${String(i).padStart(7, "0")}`;
    world.put(
      operation({
        id,
        title: `Back up folder ${i}`,
        label: i % 2 ? "nightly" : null,
        state: "running",
        currentStage: 1,
        stageStates: { Load: "done", Process: "active" },
        createdAt: when(i),
        startedAt: when(i),
        updatedAt: when(0),
      }),
    );
  }
}

/** Changes each running operation ten times a second, and logs a line in the first. Returns the stop function. */
export function change(world: World): () => void {
  let round = 0;
  const running = [...world.operations.values()].filter(({ state }) => state === "running");
  const timer = setInterval(() => {
    round++;
    for (const [i, { id }] of running.entries()) {
      const done = (round * (i + 3)) % 10_000;
      const etaSeconds = (10_000 - done) / 1000;
      const progress = { done, total: 10_000, unit: "row", label: "Rows", rate: 1000 + i, etaSeconds };
      world.patch(id, { percent: done / 100, progress, updatedAt: when(0) });
      if (i === 0) world.log(id, `row ${done} of 10000`);
    }
  }, 1000 / HERTZ);
  return () => clearInterval(timer);
}

/** A program of only Ink and React, bundled like the dashboard. Returns its file. */
export async function bundleInk(dir: string, source: string): Promise<string> {
  writeFileSync(join(dir, "package.json"), `{ "type": "module" }`);
  await build({
    stdin: {
      contents: source,
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
      sourcefile: "bare.js",
    },
    entryNames: "bare",
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
  return join(dir, "bare.js");
}
