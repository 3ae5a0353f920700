/**
 * Copies a state directory as it is at one moment.
 *
 * Files that belong to processes are left out: locks, sockets, the daemon's log, and workers' files. So are unfinished
 * files (`*.tmp`), the index of the history, which a start makes again, and `directory.json`, which names the directory
 * that was copied. Everything else is copied.
 */
import { lstatSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import type { StoreHold } from "../store/hold.js";
import { attemptDir, type Layout, runDir, STATE_FORMAT } from "../store/layout.js";
import type { BackupWriter } from "./backup-writer.js";
import { MANIFEST } from "./manifest.js";
import { closeAll, entriesIn, type OpenSource, openAttempt } from "./open-source.js";

const OF_PROCESSES = /\.(?:lock|sock|sock\.new)$|^liveopsd\.(?:json|log)|^directory\.json$|^workers$/;
const MADE_ANEW = /^index\.sqlite/;

/** A moment of the state directory. Close it if it is not copied. */
export interface StateMoment {
  layout: Layout;
  /** Null: only workers that still run change the directory. */
  hold: StoreHold | null;
  /** Open files of the attempts that were running, by the attempt's directory. */
  running: Map<string, OpenSource[]>;
}

/** Must follow the hold in the same turn of the event loop. */
export function momentOf(
  layout: Layout,
  hold: StoreHold | null,
  running: ReadonlyArray<{ id: string; attempt: number }>,
): StateMoment {
  const opened = new Map<string, OpenSource[]>();
  try {
    for (const { id, attempt } of running) {
      const dir = attemptDir(layout, id, attempt);
      opened.set(dir, openAttempt(dir));
    }
  } catch (error) {
    for (const files of opened.values()) closeAll(files);
    throw error;
  }
  return { layout, hold, running: opened };
}

export function closeMoment({ running }: StateMoment): void {
  for (const files of running.values()) closeAll(files);
  running.clear();
}

export async function copyState(moment: StateMoment, writer: BackupWriter): Promise<void> {
  const { layout, hold } = moment;
  await writer.write("version.json", `${JSON.stringify({ format: STATE_FORMAT })}\n`);
  for (const name of entriesIn(layout.root)) {
    if (OF_PROCESSES.test(name) || name === MANIFEST) continue;
    const path = join(layout.root, name);
    // Closing a file releases every lock that this process has on it: a file that may be locked is written, not read.
    if (path === layout.version) continue;
    if (path === layout.runs) await copyRuns(moment, writer);
    else if (path === layout.journal && hold) await copyJournal(hold, writer);
    else await copyAny(path, name, writer);
  }
}

async function copyJournal(hold: StoreHold, writer: BackupWriter): Promise<void> {
  await writer.makeDirectory("journal");
  for (const { file, length } of hold.journal)
    await writer.copy(file, join("journal", file.slice(file.lastIndexOf("/") + 1)), length);
}

async function copyRuns(moment: StateMoment, writer: BackupWriter): Promise<void> {
  await writer.makeDirectory("runs");
  // Read in pieces: there may be 100,000 entries.
  for await (const { name } of await opendir(moment.layout.runs)) await copyRun(moment, writer, name);
}

async function copyRun({ layout, hold, running }: StateMoment, writer: BackupWriter, id: string) {
  if (hold?.lastAttempt(id) === -1) return;
  const dir = runDir(layout, id);
  if (!isDirectory(dir)) return;
  const path = join("runs", id);
  await writer.makeDirectory(path);
  for (const name of entriesIn(dir)) {
    if (!/^\d+$/.test(name) || !isDirectory(join(dir, name))) continue;
    const attempt = Number(name);
    const from = attemptDir(layout, id, attempt);
    // Checked and opened in one turn of the event loop: no attempt begins in between.
    if (attempt > (hold?.lastAttempt(id) ?? attempt)) continue;
    const files = running.get(from) ?? openAttempt(from);
    running.delete(from);
    await copyAttempt(files, writer, join(path, String(attempt)));
  }
  for (const name of entriesIn(dir))
    if (!/^\d+$/.test(name)) await copyAny(join(dir, name), join(path, name), writer);
}

async function copyAttempt(files: OpenSource[], writer: BackupWriter, path: string): Promise<void> {
  try {
    await writer.makeDirectory(path);
    for (let file = files.shift(); file; file = files.shift())
      await writer.copyOpen(file, join(path, file.name));
  } finally {
    closeAll(files);
  }
}

async function copyAny(from: string, path: string, writer: BackupWriter): Promise<void> {
  if (!isDirectory(from)) {
    await writer.copy(from, path);
    return;
  }
  await writer.makeDirectory(path);
  for (const name of entriesIn(from)) {
    if (MADE_ANEW.test(name)) continue;
    await copyAny(join(from, name), join(path, name), writer);
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
