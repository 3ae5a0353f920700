/**
 * Run files that cannot be read: tells them from bugs, puts them aside, and makes the refusal for
 * the client.
 */
import { closeSync, existsSync, lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../protocol/errors.js";
import {
  IrregularFileError,
  openOwnFile,
  whyForeign,
  whyIrregular,
} from "../../protocol/system/own-file.js";
import { quarantineFile } from "../store/quarantine.js";
import { cancelFile, eventsFile, logFile, olderLogFiles } from "./attempt-files.js";

/** Whether the error is the file system's: any other error is a bug, and is thrown on. */
export function isUnreadable(error: unknown): error is Error {
  return (
    error instanceof IrregularFileError ||
    /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? "")
  );
}

/** The answer to a request for the log or the events of an operation with unreadable run files. */
export function runFilesRefusal(id: string, error: Error): Refusal {
  return new Refusal(
    "LIVEOPS_RUN_FILES_UNREADABLE",
    `the run files of ${id} cannot be read: ${error.message}; liveops show ${id} shows its record`,
  );
}

/**
 * False if nothing is there.
 *
 * @throws IrregularFileError if something other than a directory of this user is there
 */
export function isDirectory(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  const why = whyNoDirectory(stats);
  if (why !== null) throw new IrregularFileError(`${path} ${why}`);
  return true;
}

function whyNoDirectory(stats: Stats): string | null {
  if (stats.isFile()) return "is a file, not a directory";
  return stats.isDirectory() ? whyForeign(stats) : whyIrregular(stats);
}

/**
 * Opens each existing run file, before a reply begins that cannot be taken back.
 *
 * @param attempts - numbers of the attempts that have run files
 * @throws IrregularFileError, or the error of the system call, if a file cannot be read
 */
export function checkRunFiles(runDir: string, attempts: readonly number[]): void {
  for (const attempt of attempts) {
    for (const file of recordFiles(join(runDir, String(attempt)))) {
      if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) closeSync(openOwnFile(file));
    }
  }
}

/** Paths of the events and of all parts of the log of an attempt; some may be missing. */
function recordFiles(attemptDir: string): string[] {
  return [eventsFile(attemptDir), ...olderLogFiles(attemptDir), logFile(attemptDir)];
}

/**
 * Puts aside the run files of an attempt that cannot be read, or what is in their place, so that
 * the other attempts can be read.
 *
 * @param runDir - of the operation
 * @param attemptDir - of the attempt
 * @param givenUp - an events file that is put aside too, whatever it is; null: none
 * @returns one text for each path that was put aside
 */
export function putAsideRunFiles(
  runDir: string,
  attemptDir: string,
  givenUp: string | null,
): string[] {
  const aside = (path: string) =>
    `${path} could not be read; it is kept in ${quarantineFile(path)}`;
  for (const dir of [runDir, attemptDir]) if (isOdd(dir, whyNoDirectory)) return [aside(dir)];
  const older = existsSync(attemptDir) ? olderLogFiles(attemptDir) : [];
  const files = [logFile(attemptDir), ...older, cancelFile(attemptDir)];
  const odd = [eventsFile(attemptDir), ...files].filter((file) => isOdd(file, whyIrregular));
  if (givenUp !== null && !odd.includes(givenUp) && isOdd(givenUp, () => "")) odd.push(givenUp);
  return odd.map(aside);
}

function isOdd(path: string, why: (stats: Stats) => string | null): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && why(stats) !== null;
}
