/** Making the directories, ours alone: mode 0700, refused where someone else owns or may write them. */
import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirectory } from "../../protocol/directories.js";
import { readOwnFile } from "../../protocol/own-file.js";
import { pathProblem, userName } from "../../protocol/owned-path.js";
import { isDiskFull, replaceFileSync, syncDirectory } from "./durable-file.js";
import { type Layout, STATE_FORMAT } from "./layout.js";

/** Bytes that `version.json` may have; it has some twenty. */
const MOST_BYTES = 4096;

/** A place that cannot be used: what is wrong with it and what to do. */
export class PlaceError extends Error {
  override name = "PlaceError";
}

/**
 * Makes the directory with its parents, or checks the one that is there.
 *
 * @returns the directories in which a name is new, outermost first: `syncNames` makes these names durable
 */
export function ownDirectory(dir: string): string[] {
  let changed: string[];
  try {
    changed = parentsOfMissing(dir);
    makeDirectory(dir, 0o700);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    throw new PlaceError(
      `${dir} cannot be made: ${(error as Error).message}; choose another with --state-dir`,
    );
  }
  const stat = statSync(dir);
  if (!stat.isDirectory()) throw new PlaceError(`${dir} is not a directory; choose another with --state-dir`);
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

/** A parent that we may not read is not ours to sync: it was there before, and so was what it belongs to. */
function syncNames(dirs: Iterable<string>): void {
  for (const dir of dirs) {
    try {
      syncDirectory(dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    }
  }
}

/** Makes the state dir, or refuses one that is not ours or of a newer format, which is not touched. */
export function checkStateDir(layout: Layout): void {
  // The directory itself is looked at once it is there.
  const problem = pathProblem(layout.root, () => null);
  if (problem !== null) throw new PlaceError(`${problem}; choose another with --state-dir`);
  syncNames(ownDirectory(layout.root));
  const text = readVersion(layout);
  if (text !== null) checkFormat(layout, text);
}

/** And makes what is in it. Only with the lock held: twenty that start at once would write over each other. */
export function prepareStateDir(layout: Layout): void {
  checkStateDir(layout);
  const { journal, history, runs, workers, payloads } = layout;
  const changed = [journal, history, runs, workers, payloads].flatMap(ownDirectory);
  // Last: it makes the names in the root durable as well.
  if (readVersion(layout) === null)
    replaceFileSync(layout.version, `${JSON.stringify({ format: STATE_FORMAT })}\n`);
  else syncNames(new Set(changed));
}

/** @throws PlaceError where the file cannot be read: without a format nothing in the directory may be touched */
function readVersion({ root, version }: Layout): string | null {
  try {
    return readOwnFile(version, MOST_BYTES).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw new PlaceError(
      `the format of ${root} cannot be read: ${message}; if this is a liveops state dir, ` +
        `put a file with {"format":${STATE_FORMAT}} in the place of ${version}`,
    );
  }
}

function checkFormat(layout: Layout, text: string): void {
  const format = formatOf(text);
  if (format === null) {
    throw new PlaceError(
      `${layout.version} does not say a format; if this is a liveops state dir, write {"format":${STATE_FORMAT}} into it`,
    );
  }
  if (format > STATE_FORMAT) {
    throw new PlaceError(
      `${layout.root} was written by a newer liveops (format ${format}, this one knows ${STATE_FORMAT}); nothing was touched`,
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
