/**
 * What cannot be read is put aside beside its place and said, never overwritten.
 *
 * Each start looks for odd objects in the state directory once: a directory, a pipe, a link, another user's file or a
 * file without data in the place of one of our files. The start then finds that file missing, which it can handle. The
 * log stays where it is: the daemon works without one, and says so. Run files are checked when they are opened, since
 * there may be many. Of large values only the type is looked at, which costs no system call for each.
 */
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { whyForeign, whyIrregular } from "../../protocol/own-file.js";
import { rotatedName } from "../log/log-file.js";
import { prepareStateDir } from "./directories.js";
import type { Layout } from "./layout.js";

/** A free name beside the file: `<file>.damaged-<n>`. */
function freeName(file: string): string {
  for (let n = 1; ; n++) {
    const name = `${file}.damaged-${n}`;
    if (lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
}

/** Moves the whole file aside; returns where it is now. */
export function quarantineFile(file: string): string {
  const aside = freeName(file);
  renameSync(file, aside);
  return aside;
}

/** Keeps damaged bytes. */
export function quarantineBytes(file: string, bytes: Buffer): string {
  const aside = freeName(file);
  writeFileSync(aside, bytes, { mode: 0o600 });
  return aside;
}

/** Bytes above which a file without a single block of data is taken for none of ours. */
const SPARSE = 1024 * 1024;

/** Of a directory's owner. */
const RIGHTS = 0o700;

const JOURNAL = /^\d{12}\.ndjson(\.tmp)?$/;
const HISTORY = /^(\d{6}\.ndjson|index\.sqlite(-wal|-shm|-journal)?)$/;
const INDEX = /^index\.sqlite(-wal|-shm|-journal)?$/;
const PAYLOADS = /^\w+\.(params|result)\.json$/;
const WORKERS = /^[0-9a-z]{12}\.(lock|stdout|stderr)$/;

/**
 * Puts aside what is no file of ours, and makes the directories. Called with the lock of the state directory held.
 *
 * @param socket - its place is looked at too, where it is in the state directory
 * @returns what was put aside, in words
 * @throws PlaceError where a directory cannot be used; the error of the system call where something cannot be put aside
 */
export function prepareStateFiles(layout: Layout, socket?: string): string[] {
  const oddPayloads = putAsideIfNoDirectory(layout.payloads);
  prepareStateDir(layout);
  const said = putAsideOddFiles(layout);
  if (oddPayloads !== null) said.push(oddPayloads);
  if (socket?.startsWith(join(layout.root, "/"))) said.push(...putAsideOddSocket(socket));
  return said;
}

function putAsideOddFiles(layout: Layout): string[] {
  const { journal, history, workers, payloads } = layout;
  const replaced = [
    ...[layout.lockOwner, layout.checkpoint, layout.document, layout.clock],
    ...[layout.blockedTypes, layout.version],
  ];
  const files = [
    ...[rotatedName(layout.log), layout.audit, layout.olderAudit, layout.previousCheckpoint],
    // An odd version.json was refused by now.
    ...replaced.flatMap((file) => [file, `${file}.tmp`]),
    ...filesIn(journal, JOURNAL),
    ...filesIn(history, HISTORY),
    ...filesIn(workers, WORKERS),
    ...readdirSync(payloads, { withFileTypes: true })
      .filter((entry) => !entry.isFile() && PAYLOADS.test(entry.name))
      .map(({ name }) => join(payloads, name)),
  ];
  const said = files.flatMap((file) => putAsideIfOdd(file) ?? []);
  // The index says where in the segments an operation is: without one of them it is made anew.
  if (said.some((text) => text.startsWith(`${history}/`)))
    for (const file of filesIn(history, INDEX)) rmSync(file, { force: true });
  return said;
}

function putAsideOddSocket(socket: string): string[] {
  const said: string[] = [];
  for (const file of [socket, `${socket}.new`]) {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    // An empty file holds nothing to be kept: the socket takes its place.
    const isInTheWay = stats && !stats.isSocket() && !(stats.isFile() && stats.size === 0);
    if (isInTheWay) said.push(inWords(file, "is not a socket"));
  }
  const lock = putAsideIfOdd(`${socket}.lock`);
  if (lock !== null) said.push(lock);
  return said;
}

/** A link to a directory of this user is as good as one. */
function putAsideIfNoDirectory(path: string): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  const stats = lookAt(path);
  if (!stats?.isDirectory()) return inWords(path, "is not a directory");
  const why = whyForeign(stats);
  if (why !== null) return inWords(path, why);
  if ((stats.mode & RIGHTS) !== RIGHTS) chmodSync(path, RIGHTS);
  return null;
}

/** Null where a link leads nowhere. */
function lookAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Puts the object aside where it is no regular file of this user; what was done in words, or null. */
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

/** A file system that keeps short files in the inode has no blocks for them either. */
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
