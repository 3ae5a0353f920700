/**
 * Creates the private directories: mode 0700, refused where another user owns or may write them.
 */
import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirectory } from "../../protocol/system/directories.js";
import { IrregularFileError, readOwnFile } from "../../protocol/system/own-file.js";
import { pathProblem, userName } from "../../protocol/system/owned-path.js";
import { isDiskFull, replaceFileSync, syncDirectory } from "./durable-file.js";
import { type Layout, STATE_FORMAT } from "./layout.js";

/** Most bytes read from `version.json`, which has some twenty. */
const MOST_BYTES = 4096;

/** A path that cannot be used: the message says why and what to do. */
export class PlaceError extends Error {
  override name = "PlaceError";
}

/**
 * Creates the directory with its parents, or checks an existing directory.
 *
 * @returns the directories that hold a new name, outermost first: `syncNames` makes these names
 *   durable
 */
export function ownDirectory(dir: string): string[] {
  let changed: string[];
  try {
    changed = parentsOfMissing(dir);
    makeDirectory(dir, 0o700);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new PlaceError(
      `${dir} cannot be created: ${(error as Error).message}; choose another with --state-dir`,
    );
  }
  const stat = statSync(dir);
  if (!stat.isDirectory())
    throw new PlaceError(`${dir} is not a directory; choose another with --state-dir`);
  if (process.getuid && stat.uid !== process.getuid()) {
    throw new PlaceError(
      `${dir} belongs to another user (${userName(stat.uid)}); choose another with --state-dir`,
    );
  }
  if ((stat.mode & 0o022) !== 0) {
    throw new PlaceError(
      `${dir} may be written by others (mode ${(stat.mode & 0o777).toString(8)}); run: chmod 700 ${dir}`,
    );
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(dir, 0o700);
  return changed;
}

function parentsOfMissing(dir: string): string[] {
  if (statSync(dir, { throwIfNoEntry: false })) return [];
  const parent = dirname(dir);
  return parent === dir ? [] : [...parentsOfMissing(parent), parent];
}

/**
 * Skips an unreadable parent: it existed before, with all directories above it, and is not ours to
 * sync.
 */
function syncNames(dirs: Iterable<string>): void {
  for (const dir of dirs) {
    try {
      syncDirectory(dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    }
  }
}

/**
 * Creates the state directory, or refuses a foreign one or a newer format without changing
 * anything.
 */
export function checkStateDir(layout: Layout): void {
  // `ownDirectory` checks the directory itself.
  const problem = pathProblem(layout.root, () => null);
  if (problem !== null) throw new PlaceError(`${problem}; choose another with --state-dir`);
  syncNames(ownDirectory(layout.root));
  const text = readVersion(layout);
  if (text !== null) checkFormat(layout, text);
}

/**
 * Also creates its subdirectories. Only with the lock held: concurrent starts would overwrite each
 * other's files.
 */
export function prepareStateDir(layout: Layout): void {
  checkStateDir(layout);
  const { journal, history, runs, workers } = layout;
  const changed = [journal, history, runs, workers].flatMap(ownDirectory);
  // Last: the replacement also makes the names in the root durable.
  if (readVersion(layout) === null)
    replaceFileSync(layout.version, `${JSON.stringify({ format: STATE_FORMAT })}\n`);
  else syncNames(new Set(changed));
}

/**
 * @throws PlaceError where it is no regular file: without a known format nothing in the directory
 * may be changed
 */
function readVersion({ root, version }: Layout): string | null {
  try {
    return readOwnFile(version, MOST_BYTES).toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (!(error instanceof IrregularFileError)) throw error;
    throw new PlaceError(
      `the format of ${root} cannot be read: ${error.message}; if this is a liveops state dir, ` +
        `replace ${version} with a file that contains {"format":${STATE_FORMAT}}`,
    );
  }
}

function checkFormat(layout: Layout, text: string): void {
  const format = formatOf(text);
  if (format === null) {
    throw new PlaceError(
      `${layout.version} has no valid format; if this is a liveops state dir, write {"format":${STATE_FORMAT}} into it`,
    );
  }
  if (format > STATE_FORMAT) {
    throw new PlaceError(
      `${layout.root} was written by a newer liveops (format ${format}, this one reads ${STATE_FORMAT}); nothing was changed`,
    );
  }
}

function formatOf(text: string): number | null {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === "number" && Number.isInteger(format) && format >= 1 ? format : null;
  } catch {
    return null;
  }
}
