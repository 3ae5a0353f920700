/**
 * `npm run dev`: builds when a source changes, and runs the daemon in the foreground with the state
 * directory `.dev/state` of the checkout.
 *
 * A failed build leaves the running daemon unchanged. Running operations continue over each
 * restart. Ctrl-C stops the daemon.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stateDir = join(root, ".dev", "state");
const SOURCES = ["protocol", "ops", "daemon", "tui"];

/**
 * Delay in ms after the last change, because an editor saves in several steps and often several
 * files.
 */
const QUIET_MS = 200;

let daemon: ChildProcess | null = null;
let isBuilding = false;
let changedMeanwhile = false;
let isEnding = false;

function say(text: string): void {
  process.stderr.write(`dev: ${text}\n`);
}

/** Runs a program; resolves with its exit code. */
function run(program: string, words: string[]): Promise<number | null> {
  return new Promise((resolve) => {
    spawn(program, words, { cwd: root, stdio: "inherit" })
      .on("error", () => resolve(null))
      .on("close", resolve);
  });
}

function startDaemon(): void {
  const words = ["start", "--foreground", "--state-dir", stateDir];
  // LIVEOPS_DEBUG overrides the level.
  const level = process.env.LIVEOPS_DEBUG === undefined ? ["--log-level", "debug"] : [];
  const child = spawn(process.execPath, [join(root, "dist/bin/liveopsd.cjs"), ...words, ...level], {
    cwd: root,
    stdio: "inherit",
  });
  daemon = child;
  child.on("close", (code, signal) => {
    if (daemon !== child) return;
    daemon = null;
    if (isEnding) return;
    say(
      `the daemon ended with ${signal ?? `exit code ${code}`}; the next change restarts the daemon`,
    );
  });
}

async function stopDaemon(): Promise<void> {
  const child = daemon;
  if (child === null) return;
  daemon = null;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function buildAndRestart(): Promise<void> {
  if (isBuilding) {
    changedMeanwhile = true;
    return;
  }
  isBuilding = true;
  do {
    changedMeanwhile = false;
    const code = await run("npm", ["run", "--silent", "build"]);
    if (isEnding) return;
    if (code !== 0) {
      say("the build failed; the next change starts another build");
      continue;
    }
    await stopDaemon();
    if (!isEnding) startDaemon();
  } while (changedMeanwhile && !isEnding);
  isBuilding = false;
}

mkdirSync(stateDir, { recursive: true, mode: 0o700 });
let timer: NodeJS.Timeout | undefined;
const watchers = SOURCES.map((dir) =>
  watch(join(root, dir), { recursive: true }, (_event, file) => {
    if (file === null || !/\.tsx?$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void buildAndRestart(), QUIET_MS);
  }),
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (isEnding) return;
    isEnding = true;
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
    void stopDaemon();
  });
}

say(`state directory ${stateDir}; in another terminal: export LIVEOPS_STATE_DIR=${stateDir}`);
await buildAndRestart();
