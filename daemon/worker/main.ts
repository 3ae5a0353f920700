/**
 * A worker: a process of its own session that runs one operation at a time and outlives the daemon.
 *
 * The worker takes its lock, reports that it is ready, and performs orders. When the daemon ends,
 * the worker finishes its operation and ends.
 */

import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname } from "node:path";
import { enableTypeScript, enableUserCode, loadedUserFiles } from "../../ops/loading/user-code.js";
import { keepMark } from "../../ops/programs/group.js";
import { AppendFile } from "../../protocol/system/append-file.js";
import { syncDirectory } from "../../protocol/system/replace-file.js";
import { VERSION } from "../../protocol/version.js";
import { joinCgroup } from "../os/cgroup.js";
import { removeStartVariables } from "../os/child-environment.js";
import { acquireLock } from "../os/kernel-lock.js";
import { markOf } from "../os/process-identity.js";
import { setClockAhead } from "../os/shared-clock.js";
import { isIoError, isShortage } from "../store/durable-file.js";
import { AttemptRunner } from "./attempt-runner.js";
import { WORKER_FEATURES } from "./features.js";
import type { FromWorker, OrderMessage, WorkerSetup } from "./messages.js";
import { OwnOutput } from "./own-output.js";
import { Recycling } from "./recycling.js";
import { StatePaths } from "./state-paths.js";

/** Added to the daemon's own oom_score_adj, which is 0 by default; 1000 is the most. */
const OOM_SCORE = 500;

/**
 * Bytes of the worker's events above which it runs no other operation: the file goes only as a
 * whole.
 */
const MOST_EVENTS = 4 * 1024 * 1024;

/** Bytes of the file that are reserved ahead, so that an event's sync is one write. */
const RESERVE = 64 * 1024;

const given = JSON.parse(process.argv[2] ?? "{}") as WorkerSetup;
const paths = new StatePaths(given);
const setup = paths.setup(given);

// First of all: memory and processes from here on belong to the cgroup.
const problem = setup.cgroup === null ? null : enterCgroup(setup.cgroup);
if (problem !== null) setup.cgroup = null;
preferForOutOfMemory();
keepMark(markOf(setup.workerId));
const lock = acquireLock(setup.lockFile);
if (!lock) throw new Error(`${setup.lockFile} is held by another process`);
// Before the main thread yields to others: its threads do not.
await Promise.all(WORKER_FEATURES.map((feature) => feature.prepare(setup)));
yieldToOthers(setup.nice);
enableUserCode(new URL("./liveops.js", import.meta.url).href);
// Loaded ahead if user code is likely. Otherwise the first operation in TypeScript loads it.
if (setup.userCode) await enableTypeScript();
removeStartVariables(setup.startOnly);

const output = {
  stdout: new OwnOutput(setup.stdoutFile, "stdout"),
  stderr: new OwnOutput(setup.stderrFile, "stderr"),
};
const events = openEvents(setup.eventsFile);
const recycling = new Recycling();
let current: AttemptRunner | null = null;

process.on("SIGTERM", () => current?.stopRequested());
process.on("SIGCONT", () => current?.continued());
// Ctrl-C in the terminal that started the daemon is not meant for workers.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("uncaughtException", (error, origin) => {
  // While an attempt runs, the runner gets the error too and fails the attempt; the process is not
  // used again.
  if (current?.takesFault(error, origin)) return;
  // Nothing records why. The daemon adds what the worker printed to the log of the operation.
  if (isIoError(error) || isShortage(error))
    writeSync(2, `${paths.shown(`the run files cannot be written: ${error.message}`)}\n`);
  process.exit(1);
});
process.on("exit", (code) => current?.exited(code));
process.on("disconnect", () => {
  if (!current) process.exit(0);
});
process.on("message", (message: OrderMessage) => void perform(message));
send({ type: "ready", cgroup: setup.cgroup, problem, version: VERSION });

async function perform(order: OrderMessage): Promise<void> {
  setClockAhead(order.clockAhead ?? 0);
  current = new AttemptRunner(paths, order, setup, output, events);
  const clean = await current.perform();
  current = null;
  const eventsEnd = events.length;
  // A thread may wait for a file system that does not answer, and an exit would wait for the
  // thread.
  if (!clean) process.kill(process.pid, "SIGKILL");
  if (!process.connected || eventsEnd > MOST_EVENTS || recycling.isDue()) process.exit(0);
  send({ type: "idle", eventsEnd, loaded: loadedUserFiles() });
}

/** The name of the file is durable before the first order: its events must be found. */
function openEvents(file: string): AppendFile {
  const opened = new AppendFile(file, { reserve: RESERVE });
  syncDirectory(dirname(file));
  return opened;
}

/** Returns why the worker could not enter the cgroup; null if it could. */
function enterCgroup(dir: string): string | null {
  try {
    joinCgroup(dir);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * If memory is short, the kernel kills operations before the daemon. Their child processes inherit
 * the score.
 */
function preferForOutOfMemory(): void {
  try {
    const file = "/proc/self/oom_score_adj";
    writeFileSync(file, String(Math.min(1000, Number(readFileSync(file, "utf8")) + OOM_SCORE)));
  } catch {
    // Not Linux.
  }
}

/**
 * Operations yield to the daemon and the dashboards. A session has its own autogroup, so nice alone
 * does nothing.
 */
function yieldToOthers(nice: number): void {
  if (nice === 0) return;
  try {
    setPriority(nice);
    writeFileSync("/proc/self/autogroup", String(nice));
  } catch {
    // Not Linux, or not allowed: all processes share the CPU equally.
  }
}

function send(message: FromWorker): void {
  // The daemon may have ended at this moment: then the message is dropped.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
