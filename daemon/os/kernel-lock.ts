/**
 * A lock that the kernel releases when its process ends, for any reason: SQLite's exclusive lock on
 * a file.
 *
 * The lock is reliable where a pid is not: a zombie holds no lock, a stopped process still holds
 * its lock, and a reused pid never had it. The daemon locks its state directory and socket, and
 * each worker a file of its own. fcntl locks belong to the process: never probe a lock from the
 * process that holds it.
 */
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, lstatSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { IrregularFileError, openOwnFile } from "../../protocol/system/own-file.js";
import { type FileIdentity, isFile } from "./file-identity.js";

export interface KernelLock {
  /** The locked file. A lock is useless once another file, or none, has its name. */
  readonly identity: FileIdentity;
  /** The file was missing, and was made for this lock. */
  readonly isNew: boolean;
  /** A second call does nothing. */
  release(): void;
}

/** How often to try a lock whose file is replaced at that moment. */
const ATTEMPTS = 5;

/** A journal file would need disk space. (node:sqlite does not allow OFF.) */
const IN_MEMORY = "PRAGMA journal_mode = MEMORY";

/**
 * Kept until the process ends: a database that is garbage-collected is closed and loses its lock.
 */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock; makes its file if it is missing. A file that is not a database is emptied.
 *
 * @returns null if another process holds the lock
 * @throws Error for a symbolic link in the file's place, a file of another user, or a file with a
 *   second name
 */
export function acquireLock(file: string): KernelLock | null {
  let isNew = false;
  for (let attempt = 1; ; attempt++) {
    const found = openLockFile(file);
    isNew ||= found.isNew;
    const database = lock(file);
    if (database === "busy") return null;
    if (database === "not-a-database") emptyLockFile(file, found.identity);
    else if (isFile(file, found.identity)) return heldBy(database, found.identity, isNew);
    else database.close();
    if (attempt === ATTEMPTS)
      throw new Error(`${file} is replaced again and again: another program changes it`);
  }
}

function heldBy(database: DatabaseSync, identity: FileIdentity, isNew: boolean): KernelLock {
  held.add(database);
  const release = () => {
    if (held.delete(database)) database.close();
  };
  return { identity, isNew, release };
}

/** Makes the file, or checks the existing one, before SQLite opens it by its name. */
function openLockFile(file: string): { identity: FileIdentity; isNew: boolean } {
  const [fd, isNew] = openOrMake(file);
  try {
    const { dev, ino, nlink } = fstatSync(fd);
    // A hard link to some other file of ours: SQLite would write to that.
    if (nlink > 1)
      throw new IrregularFileError(`${file} is a hard link, and cannot be a lock; remove it`);
    // SQLite would make it readable by all.
    fchmodSync(fd, 0o600);
    return { identity: { dev, ino }, isNew };
  } finally {
    // Before the lock is taken: closing a file releases this process's locks on it.
    closeSync(fd);
  }
}

function openOrMake(file: string): [fd: number, isNew: boolean] {
  try {
    return [openOwnFile(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL), true];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return [openOwnFile(file, constants.O_RDWR | constants.O_CREAT), false];
  }
}

/** SQLite reports a held lock before it reads the file, so no process uses this content. */
function emptyLockFile(file: string, { dev, ino }: FileIdentity): void {
  const fd = openOwnFile(file, constants.O_RDWR);
  try {
    const now = fstatSync(fd);
    if (now.dev === dev && now.ino === ino) ftruncateSync(fd);
  } finally {
    closeSync(fd);
  }
}

function lock(file: string): DatabaseSync | "busy" | "not-a-database" {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(`${IN_MEMORY}; BEGIN EXCLUSIVE`);
    return database;
  } catch (error) {
    database.close();
    const code = codeOf(error);
    if (code === SQLITE_BUSY) return "busy";
    if (code === SQLITE_NOTADB) return "not-a-database";
    (error as Error).message += ` '${file}'`;
    throw error;
  }
}

/**
 * Whether another live process holds the lock. A missing file is not locked. A file that cannot be
 * checked (no free descriptor, an I/O error) counts as locked: a live worker must not be taken for
 * a dead one.
 */
export function isLocked(file: string): boolean {
  // SQLite would follow a link, and wait for a pipe.
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  let database: DatabaseSync;
  try {
    // Opened for writing, but never created: the URI says rw, not rwc.
    const url = pathToFileURL(file);
    url.search = "mode=rw";
    database = new DatabaseSync(url, { timeout: 0 });
  } catch {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  }
  try {
    database.exec(`${IN_MEMORY}; BEGIN EXCLUSIVE; ROLLBACK`);
    return false;
  } catch (error) {
    // No longer a database (a damaged disk): a file that cannot be locked is not locked.
    return ![SQLITE_NOTADB, SQLITE_CORRUPT].includes(codeOf(error) ?? 0);
  } finally {
    database.close();
  }
}

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function codeOf(error: unknown): number | null {
  const code = (error as { errcode?: number }).errcode;
  return code === undefined ? null : code & 0xff;
}
