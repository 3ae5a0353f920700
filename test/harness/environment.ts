/**
 * Gives the tests of a run a small environment and a home of their own: no test meets a setting,
 * the state or a daemon of the user, and no command starts a daemon that a test did not ask for.
 * Tests see times in UTC.
 *
 * All files of a run are in one directory, which is removed at the end. Its path is in the
 * environment of every process of a test, so that an interrupted run finds and ends them all. The
 * directory is in memory where the machine has room: tests make hundreds of thousands of files,
 * which take a third of the time of a run on a disk. `TMPDIR` names another place.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { constants, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { processesOf } from "../end-to-end/processes.js";

/** `CI` and what follows it tell the test run what to do. */
const KEPT =
  /^(PATH|TMPDIR|NODE_ENV|TEST|VITEST.*|CI|LIVEOPS_(FAULTS|FUZZ|LAWS|FLEET_LOGS|NO_BUILD|PICTURES).*)$/;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export default function clearEnvironment(): () => void {
  for (const name of Object.keys(process.env)) if (!KEPT.test(name)) delete process.env[name];
  const dir = makeDirectory(process.env.TMPDIR ?? (hasRoom() ? MEMORY : tmpdir()));
  process.env.TMPDIR = dir;
  process.env.HOME = join(dir, "home");
  process.env.TZ = "UTC";
  process.env.LIVEOPS_AUTOSTART = "0";
  // Each world has an empty home; compiling the bins anew takes a tenth of the time of a start.
  process.env.NODE_COMPILE_CACHE = join(process.env.HOME, "compile-cache");
  if (process.env.LIVEOPS_LAWS === "all") drawSeed();
  // Ink draws borders in colour only where it may.
  if (process.env.LIVEOPS_PICTURES) process.env.FORCE_COLOR = "3";
  const interrupted = (signal: NodeJS.Signals) => {
    remove(dir);
    process.exit(128 + constants.signals[signal]);
  };
  // Before the listeners of vitest, which end the process and leave everything behind.
  for (const signal of SIGNALS) process.prependListener(signal, interrupted);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    rmSync(dir, { recursive: true, force: true });
  };
}

/** The seed of all laws of this run, for its workers too. */
function drawSeed(): void {
  process.env.LIVEOPS_FAULTS_SEED ??= String(Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`LIVEOPS_FAULTS_SEED=${process.env.LIVEOPS_FAULTS_SEED}\n`);
}

/** Makes the directory of this run. Removes those of runs that were killed. */
function makeDirectory(place: string): string {
  for (const name of readdirSync(place)) {
    const [, pid] = /^lo-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(join(place, name));
  }
  // A short path: sockets are in it. A PostgreSQL server runs as a user of its own.
  const dir = join(place, `lo-${process.pid}`);
  mkdirSync(join(dir, "home"), { recursive: true });
  chmodSync(dir, 0o755);
  return dir;
}

/**
 * Removes the directory of a run that did not come to its end, and ends the processes of its tests.
 */
function remove(dir: string): void {
  const end = performance.now() + PATIENCE_MS;
  // A process may start another one before it ends.
  for (let left = processesOf(`${dir}/`); left.length > 0; left = processesOf(`${dir}/`)) {
    const time = end - performance.now();
    if (time <= 0) break;
    // PostgreSQL that is killed leaves shared memory behind.
    for (const { pid, command } of left)
      kill(pid, command.includes("postgres") && time > PATIENCE_MS / 2 ? "SIGINT" : "SIGKILL");
  }
  rmSync(dir, { recursive: true, force: true });
}

/** Time limit for the end of processes. */
const PATIENCE_MS = 5000;

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended, or is another user's.
  }
}

const MEMORY = "/dev/shm";

/** Bytes that a run may take, and leave to the machine. */
const ROOM = 4 * 1024 ** 3;

/** Whether the files of a run may be in memory. */
function hasRoom(): boolean {
  // Tests run programs of their files, which some machines do not permit there.
  const options = /^\S+ \/dev\/shm tmpfs (\S+)/m.exec(mounts())?.[1]?.split(",");
  if (!options || options.includes("ro") || options.includes("noexec")) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ROOM && freemem() >= 2 * ROOM;
}

function mounts(): string {
  try {
    return readFileSync("/proc/mounts", "utf8");
  } catch {
    return "";
  }
}
