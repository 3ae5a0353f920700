/**
 * A lock that the kernel drops when its holder dies, however it dies: SQLite's exclusive lock on a file.
 *
 * It tells the truth where a pid cannot: a zombie holds nothing, a stopped process still holds its lock, a reused
 * pid never had it. Held by the daemon on its state dir and socket, and by each worker on a file of its own.
 * fcntl locks belong to the process: never probe a lock from the process that holds it.
 */
import { closeSync, fchmodSync, openSync, truncateSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

export interface KernelLock {
  release(): void;
}

/** No journal file: it would need room on the disk. (OFF is what node:sqlite does not allow.) */
const IN_MEMORY = "PRAGMA journal_mode = MEMORY";

/** Held for as long as the process lives: a database that is garbage-collected is closed, and its lock gone. */
const held = new Set<DatabaseSync>();

/** The lock, or null where another process holds it. */
export function acquireLock(file: string): KernelLock | null {
  try {
    return lock(file);
  } catch (error) {
    // Whoever holds it would have been met before the file was read: what stands in it is nobody's.
    if (codeOf(error) !== SQLITE_NOTADB) throw error;
    truncateSync(file);
    return lock(file);
  }
}

function lock(file: string): KernelLock | null {
  // SQLite would make it readable by all.
  const fd = openSync(file, "a", 0o600);
  fchmodSync(fd, 0o600);
  closeSync(fd);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(`${IN_MEMORY}; BEGIN EXCLUSIVE`);
  } catch (error) {
    database.close();
    if (codeOf(error) === SQLITE_BUSY) return null;
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}

/** Whether some other living process holds the lock. A missing file is held by nobody. */
export function isLocked(file: string): boolean {
  let database: DatabaseSync;
  try {
    // Opened for writing, but never created: the URI says rw, not rwc.
    const url = pathToFileURL(file);
    url.search = "mode=rw";
    database = new DatabaseSync(url, { timeout: 0 });
  } catch {
    return false;
  }
  try {
    database.exec(`${IN_MEMORY}; BEGIN EXCLUSIVE; ROLLBACK`);
    return false;
  } catch (error) {
    if (codeOf(error) === SQLITE_BUSY) return true;
    // Not a database any more (a damaged disk): a file nobody can lock is held by nobody.
    return false;
  } finally {
    database.close();
  }
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

function codeOf(error: unknown): number | null {
  const code = (error as { errcode?: number }).errcode;
  return code === undefined ? null : code & 0xff;
}
