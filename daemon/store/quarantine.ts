/**
 * The quarantine: unreadable objects and damaged bytes are kept as `<file>.damaged-<n>` and
 * reported, not overwritten.
 *
 * Each start checks the state directory once for odd objects: a directory, a pipe, a link, another
 * user's file or a file without data in the place of one of our files. The start then finds that
 * file missing, which it can handle. The log stays in place: the daemon works without a log, and
 * reports it. Run files are checked when they are opened, since there may be many.
 */
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { whyIrregular } from "../../protocol/system/own-file.js";
import { rotatedName } from "../log/log-file.js";
import { prepareStateDir } from "./directories.js";
import type { Layout } from "./layout.js";

/** A free name next to the file: `<file>.damaged-<n>`. Or a name for which `isIt` is true. */
function freeName(
  file: string,
  isIt: (stats: Stats, name: string) => boolean = () => false,
): string {
  for (let n = 1; ; n++) {
    const name = `${file}.damaged-${n}`;
    const stats = lstatSync(name, { throwIfNoEntry: false });
    if (stats === undefined || isIt(stats, name)) return name;
  }
}

/** Moves the file aside; returns its new path. */
export function quarantineFile(file: string): string {
  const aside = freeName(file);
  renameSync(file, aside);
  return aside;
}

/**
 * As `quarantineFile`, for a file that could not be read. An error of the system says nothing about
 * the content: it is thrown, and the file stays.
 */
export function quarantineUnreadable(file: string, error: unknown): string {
  if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
  return quarantineFile(file);
}

/**
 * Copies damaged bytes to a new file next to the file, or finds them there from an earlier start;
 * returns its path.
 *
 * @param used - a file with other bytes of the same reading; null: none
 */
export function quarantineBytes(file: string, bytes: Buffer, used: string | null = null): string {
  const isSame = (stats: Stats, name: string) =>
    name !== used &&
    stats.isFile() &&
    stats.size === bytes.length &&
    readFileSync(name).equals(bytes);
  const aside = freeName(file, isSame);
  writeFileSync(aside, bytes, { mode: 0o600 });
  return aside;
}

/** Size in bytes above which a file without a block of data is not one of our files. */
const SPARSE = 1024 * 1024;

const JOURNAL = /^\d{12}\.ndjson(\.tmp)?$/;
const HISTORY = /^(\d{6}\.ndjson|index\.sqlite(-wal|-shm|-journal)?)$/;
const INDEX = /^index\.sqlite(-wal|-shm|-journal)?$/;
const WORKERS = /^[0-9a-z]{12}\.(lock|stdout|stderr)$/;

/**
 * Moves odd objects aside and creates the directories. Called with the lock of the state directory
 * held.
 *
 * @param socket - checked too, where its path is in the state directory
 * @returns what was moved aside, in words
 * @throws PlaceError where a directory cannot be used; the system's error where an object cannot
 *   be moved aside
 */
export function prepareStateFiles(layout: Layout, socket?: string): string[] {
  prepareStateDir(layout);
  const said = putAsideOddFiles(layout);
  if (socket?.startsWith(join(layout.root, "/"))) said.push(...putAsideOddSocket(socket));
  return said;
}

function putAsideOddFiles(layout: Layout): string[] {
  const { journal, history, workers } = layout;
  const replaced = [layout.lockOwner, layout.document, layout.directory, layout.version];
  const files = [
    ...[rotatedName(layout.log), layout.previousDocument, `${layout.previousDocument}.tmp`],
    // An odd version.json was already refused.
    ...replaced.flatMap((file) => [file, `${file}.tmp`]),
    ...filesIn(journal, JOURNAL),
    ...filesIn(history, HISTORY),
    ...filesIn(workers, WORKERS),
  ];
  const said = files.flatMap((file) => putAsideIfOdd(file) ?? []);
  // The index holds offsets in the segments: where a segment is missing, the index is rebuilt.
  if (said.some((text) => text.startsWith(`${history}/`)))
    for (const file of filesIn(history, INDEX)) rmSync(file, { force: true });
  return said;
}

function putAsideOddSocket(socket: string): string[] {
  const said: string[] = [];
  for (const file of [socket, `${socket}.new`]) {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    // An empty file holds no data to keep: the socket replaces it.
    const isInTheWay = stats && !stats.isSocket() && !(stats.isFile() && stats.size === 0);
    if (isInTheWay) said.push(inWords(file, "is not a socket"));
  }
  const lock = putAsideIfOdd(`${socket}.lock`);
  if (lock !== null) said.push(lock);
  return said;
}

/**
 * Moves the object aside where it is not a regular file of this user. Returns what was done, in
 * words, or null.
 */
export function putAsideIfOdd(file: string): string | null {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const why = whyIrregular(stats) ?? whyEmpty(stats);
  if (why !== null) return inWords(file, why);
  giveRights(file);
  return null;
}

function inWords(file: string, why: string): string {
  return `${file} ${why}; it is kept in ${quarantineFile(file)}`;
}

/** Short files may be in the inode, without blocks, so only large files are checked. */
function whyEmpty({ size, blocks }: Stats): string | null {
  return size > SPARSE && blocks === 0 ? `has ${size} bytes and holds no data` : null;
}

function giveRights(file: string): void {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch {
    chmodSync(file, 0o600);
  }
}

function filesIn(dir: string, names: RegExp): string[] {
  return readdirSync(dir)
    .filter((name) => names.test(name))
    .map((name) => join(dir, name));
}
