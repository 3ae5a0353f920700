/**
 * Programs on a pty: the built dashboard, and bare Ink programs that are bundled in the same way.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import { build } from "esbuild";
import { atExit } from "./measure.js";
import { bin, cleanEnv, node, temporary } from "./world.js";

export interface Shown {
  readonly pid: number;
  press(keys: string): void;
  onData(tell: (data: string) => void): void;
  /** Resolves with the next data that has this text. */
  shows(text: string): Promise<void>;
  /** Number of bytes read so far. */
  bytes(): number;
  /** Milliseconds for which a slow terminal read nothing. */
  paused(): number;
  /** Resolves when the program has ended. */
  readonly ended: Promise<void>;
  kill(): void;
}

interface PtyOptions {
  /** Default: 160x50. */
  size?: readonly [columns: number, rows: number];
  /** The speed of the terminal; default: it reads at once. */
  bytesPerSecond?: number;
}

/** @param operation - shows the page of this operation instead of the list */
export function startDashboard(
  socket: string,
  { operation, ...options }: PtyOptions & { operation?: string } = {},
): Shown {
  const words = [bin("liveops-tui"), "--socket", socket];
  return startOnPty(operation === undefined ? words : [...words, operation], options);
}

export function startOnPty(
  words: string[],
  { size: [cols, rows] = [160, 50], bytesPerSecond }: PtyOptions = {},
): Shown {
  // Ink draws nothing where CI is set. Colours take time, so they are measured too.
  const { CI: _ci, NO_COLOR: _plain, ...env } = cleanEnv();
  const child = pty.spawn(node, words, {
    cols,
    rows,
    env: { ...env, TERM: "xterm-256color" } as Record<string, string>,
  });
  let [bytes, paused] = [0, 0];
  let since: number | null = null;
  child.onData((data) => {
    const length = Buffer.byteLength(data);
    bytes += length;
    if (bytesPerSecond === undefined) return;
    since ??= performance.now();
    child.pause();
    setTimeout(
      () => {
        paused += performance.now() - since!;
        since = null;
        child.resume();
      },
      (length * 1000) / bytesPerSecond,
    );
  });
  return {
    pid: child.pid,
    bytes: () => bytes,
    paused: () => paused + (since === null ? 0 : performance.now() - since),
    ended: new Promise((resolve) => child.onExit(() => resolve())),
    press: (keys) => child.write(keys),
    onData: (tell) => child.onData(tell),
    shows: (text) =>
      new Promise((resolve) => {
        const listener = child.onData((data) => {
          if (!data.includes(text)) return;
          listener.dispose();
          resolve();
        });
      }),
    kill: atExit(() => child.kill("SIGKILL")),
  };
}

/** A program of only Ink and React, bundled like the dashboard. Returns its file. */
export async function bundleInk(source: string): Promise<string> {
  const dir = temporary();
  writeFileSync(join(dir, "package.json"), `{ "type": "module" }`);
  const resolveDir = fileURLToPath(new URL("../..", import.meta.url));
  await build({
    stdin: { contents: source, resolveDir, sourcefile: "bare.js" },
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
