/**
 * A lock that the kernel drops when its holder dies, however it dies: SQLite's exclusive lock on a file.
 *
 * It tells the truth where a pid cannot: a zombie holds nothing, a stopped process still holds its lock, a reused
 * pid never had it. Held by the daemon on its state dir and socket, and by each worker on a file of its own.
 * fcntl locks belong to the process: never probe a lock from the process that holds it.
 */
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, lstatSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { IrregularFileError, openOwnFile } from "../../protocol/own-file.js";
import { type FileIdentity, isFile } from "./file-identity.js";

export interface KernelLock {
  /** The file that is locked. A lock is worth nothing once another file, or none, has its name. */
  readonly identity: FileIdentity;
  /** The file was missing, and was made for this lock. */
  readonly isNew: boolean;
  release(): void;
}

/** How often a lock is tried whose file is replaced in that moment. */
const ATTEMPTS = 5;

/** No journal file: it would need room on the disk. (OFF is what node:sqlite does not allow.) */
const IN_MEMORY = "PRAGMA journal_mode = MEMORY";

/** Held for as long as the process lives: a database that is garbage-collected is closed, and its lock gone. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock; makes its file where it is missing. A file that is no database is emptied.
 *
 * @returns null where another process holds it
 * @throws Error for a symbolic link in the file's place, a file of another user, or one that has a second name
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
    held.delete(database);
    database.close();
  };
  return { identity, isNew, release };
}

/** Makes the file, or checks the one that is there, before SQLite opens it by its name. */
function openLockFile(file: string): { identity: FileIdentity; isNew: boolean } {
  const [fd, isNew] = openOrMake(file);
  try {
    const { dev, ino, nlink } = fstatSync(fd);
    // A hard link to some other file of ours: SQLite would write to that.
    if (nlink > 1) throw new IrregularFileError(`${file} is a hard link, and cannot be a lock; remove it`);
    // SQLite would make it readable by all.
    fchmodSync(fd, 0o600);
    return { identity: { dev, ino }, isNew };
  } finally {
    // Before the lock is taken: to close a file drops this process's locks on it.
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

/** Whoever holds it would have been met before the file was read: what stands in it is nobody's. */
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
    throw error;
  }
}

/**
 * Whether some other living process holds the lock. A missing file is held by nobody. Where the file is there and
 * cannot be asked (no descriptor to spare, an I/O error), it counts as held: a living worker must not be taken for a
 * dead one.
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
    // Not a database any more (a damaged disk): a file nobody can lock is held by nobody.
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
