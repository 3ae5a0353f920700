/**
 * Copies a state directory while its daemon works.
 *
 * Files that belong to processes are left out: locks, sockets, the daemon's log, and workers' files other than events. So
 * are unfinished files (`*.tmp`) and the index of the history, which a start makes again. Everything else is copied:
 * `directory.json` names the directory that was copied, so that a start on the copy takes it for one.
 */
import { lstatSync, readdirSync } from "node:fs";
import {
  copyFile,
  cp,
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { attemptOf } from "../../run-files/events-reader.js";
import { workerOfEvents } from "../../run-files/worker-events.js";
import type { StoreHold } from "../../store/hold.js";
import { type Layout, STATE_FORMAT } from "../../store/layout.js";
import { readLines } from "../../store/read-lines.js";

const OF_PROCESSES = /\.(?:lock|sock|sock\.new)$|^liveopsd\.(?:json|log)/;
const LEFT_OUT = /\.tmp$|^index\.sqlite/;

interface StateCopy {
  layout: Layout;
  /** An empty directory. */
  target: string;
  /** The moment that is copied. */
  hold: StoreHold;
  signal: AbortSignal;
}

/** Durable when this resolves. */
export async function copyState(copy: StateCopy): Promise<void> {
  const { layout, target, hold, signal } = copy;
  const tree = treeCopier(signal);
  // Closing a file releases every lock that this process has on it: a file that may be locked is written, not read.
  const version = `${JSON.stringify({ format: STATE_FORMAT })}\n`;
  await writeFile(join(target, "version.json"), version, { mode: 0o600 });
  for (const name of await readdir(layout.root)) {
    if (OF_PROCESSES.test(name) || name === "version.json") continue;
    const from = join(layout.root, name);
    const to = join(target, name);
    if (from === layout.runs) await copyRuns(from, to, hold, tree);
    else if (from === layout.workers) await copyWorkers(from, to, hold, tree);
    else if (from === layout.journal) await copyJournal(hold, to);
    else await tree(from, to, false);
  }
  await syncTree(target, signal);
}

async function copyJournal(hold: StoreHold, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const { file, length } of hold.journal) {
    const segment = join(to, basename(file));
    await copyFile(file, segment);
    // Records after the moment.
    await truncate(segment, length);
  }
}

async function copyRuns(from: string, to: string, hold: StoreHold, tree: CopyTree): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  // Read in pieces: there may be 100,000 entries.
  for await (const { name } of await opendir(from)) {
    if (hold.lastAttempt(name) === -1) continue;
    const run = join(to, name);
    await tree(join(from, name), run, true);
    // Asked after the copy: an operation or an attempt may have begun meanwhile.
    const last = hold.lastAttempt(name);
    if (last === -1) await rm(run, { recursive: true, force: true });
    else await removeAttemptsAfter(last, run);
  }
}

async function copyWorkers(from: string, to: string, hold: StoreHold, tree: CopyTree): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const name of await readdir(from)) {
    if (workerOfEvents(name) === null) continue;
    try {
      await tree(join(from, name), join(to, name), true);
    } catch (error) {
      // A worker that ran nothing has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    await removeEventsAfter(hold, join(to, name));
  }
}

/** Removes the events of attempts that began after the moment, and what its worker had not shown yet. */
async function removeEventsAfter(hold: StoreHold, file: string): Promise<void> {
  if (!lstatSync(file, { throwIfNoEntry: false })) return;
  const lines: string[] = [];
  for (const { text, isComplete } of readLines(file)) {
    const of = attemptOf(text);
    if (isComplete && (of === null || of.attempt <= hold.lastAttempt(of.id))) lines.push(`${text}\n`);
  }
  await writeFile(file, lines.join(""));
}

async function removeAttemptsAfter(last: number, run: string): Promise<void> {
  if (last === Number.POSITIVE_INFINITY) return;
  const attempts = (await readdir(run)).filter((name) => /^\d+$/.test(name) && Number(name) > last);
  for (const attempt of attempts) await rm(join(run, attempt), { recursive: true });
}

/** @param isSteady whether the tree is copied again where a file in it was replaced or renamed meanwhile */
type CopyTree = (from: string, to: string, isSteady: boolean) => Promise<void>;

/** How often a tree is copied again whose files were renamed meanwhile, such as at the rotation of a log. */
const TRIES = 5;

function treeCopier(signal: AbortSignal): CopyTree {
  const filter = async (source: string): Promise<boolean> => {
    signal.throwIfAborted();
    if (LEFT_OUT.test(basename(source))) return false;
    const stat = await lstat(source).catch(() => null);
    return stat !== null && (stat.isDirectory() || stat.isFile());
  };
  return async (from, to, isSteady) => {
    for (let left = TRIES; ; left--) {
      const before = isSteady && identities(from);
      try {
        await cp(from, to, { recursive: true, filter });
        if (left === 0 || !isSteady || identities(from) === before) return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || left === 0) throw error;
      }
      await rm(to, { recursive: true, force: true });
    }
  };
}

/** The files of a run, each with its inode. */
function identities(dir: string): string {
  if (!lstatSync(dir, { throwIfNoEntry: false })?.isDirectory()) return "";
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => !LEFT_OUT.test(basename(name)))
    .map((name) => `${name} ${lstatSync(join(dir, name), { throwIfNoEntry: false })?.ino}`)
    .sort()
    .join("\n");
}

/** Makes all files and names durable; a directory comes after its content. */
async function syncTree(path: string, signal: AbortSignal): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    signal.throwIfAborted();
    const inner = join(path, entry.name);
    if (entry.isDirectory()) await syncTree(inner, signal);
    else await sync(inner);
  }
  await sync(path);
}

export async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
