/**
 * Replaces the config file: a lock for one writer at a time, then a rename, so that a reader sees the old file or the
 * new one. The lock is the new file under another name, as git does it.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "../errors.js";
import { UsageError } from "../failures.js";
import { makeDirectory } from "./directories.js";
import { CREATE, IrregularFileError, readRegularFile } from "./own-file.js";
import { pathProblem } from "./owned-path.js";

/** How long to wait for another writer, in ms. */
const LOCK_MS = 5000;
const PAUSE_MS = 20;

/** Links to follow at most. */
const MOST_LINKS = 40;

/** Most bytes of a config file. */
const MOST_BYTES = 1024 * 1024;

/**
 * The text of the file; null where it is missing.
 *
 * @param hint the next step where the file cannot be read
 * @throws UsageError if it cannot be read, or if another user could have written it
 */
export function readConfigText(file: string, hint?: string): string | null {
  let text: string;
  try {
    text = readRegularFile(file, MOST_BYTES).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    const why = error instanceof IrregularFileError ? message : `${file} cannot be read: ${message}`;
    throw new UsageError(`the config file ${why}`, hint);
  }
  // Checked because the file names directories whose code is executed.
  const problem = pathProblem(file);
  if (problem !== null) throw new UsageError(`the config file is not used: ${problem}`);
  return text;
}

/**
 * Writes what `change` makes of the text; null: the file is missing. A link to the file stays a link.
 *
 * @throws UsageError if the file cannot be written; Refusal if another command holds the lock
 */
export async function changeConfigFile(
  file: string,
  change: (text: string | null) => string,
  lockMs = LOCK_MS,
): Promise<void> {
  const target = linkedFile(file);
  const lock = `${target}.lock`;
  const fd = await take(lock, lockMs);
  try {
    writeFileSync(fd, change(readConfigText(target)));
    fsyncSync(fd);
    renameSync(lock, target);
  } catch (error) {
    rmSync(lock, { force: true });
    throw writeProblem(target, error);
  } finally {
    closeSync(fd);
  }
}

/** The file itself, which may be missing, behind any links. */
function linkedFile(file: string): string {
  let target = file;
  for (let n = 0; n < MOST_LINKS; n++) {
    try {
      return realpathSync(target);
    } catch {
      if (!isLink(target)) return target;
      target = resolve(dirname(target), readlinkSync(target));
    }
  }
  throw new UsageError(`the config file ${file} is a link that leads to itself`);
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    // It is missing, or its directory is a file: the write says so.
    return false;
  }
}

async function take(lock: string, lockMs: number): Promise<number> {
  try {
    makeDirectory(dirname(lock), 0o700);
  } catch (error) {
    throw writeProblem(lock, error);
  }
  for (const end = performance.now() + lockMs; ; await delay(PAUSE_MS)) {
    try {
      return openSync(lock, CREATE, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeProblem(lock, error);
      if (performance.now() > end)
        throw new Refusal(
          "LIVEOPS_WRONG_STATE",
          `another command changes the config file; if none does, remove ${lock}`,
          {},
          { status: 409, title: "Conflict", summary: "Not changed" },
        );
    }
  }
}

function writeProblem(file: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined || error instanceof Refusal
    ? error
    : new UsageError(`the config file cannot be written: ${message}`, `make ${dirname(file)} writable`);
}
