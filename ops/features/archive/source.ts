/**
 * Checks the source and the target of a backup before it starts.
 */
import { mkdirSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { PlainError, shown } from "../../messages.js";
import { ManifestReader } from "./manifest.js";
import { manifestFile, parseArchiveFile } from "./naming.js";

/** Returns the source with links resolved. Throws a PlainError if it is not a directory or file. */
export function checkSource(source: string): string {
  const stat = look(source);
  if (!stat)
    throw new PlainError(`there is no ${shown(source)}: give an existing directory or file as source=PATH`);
  if (!stat.isDirectory() && !stat.isFile()) {
    throw new PlainError(`${shown(source)} is neither a directory nor a file: give one as source=PATH`);
  }
  return realpathSync(source);
}

/** Creates the target directory if it is missing; returns its stats. Throws a PlainError if it cannot be used. */
export function checkArchiveTarget(target: string, source: string): Stats {
  try {
    mkdirSync(target, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" || code === "ENOTDIR" ? "the path is a file" : code;
    throw new PlainError(`cannot create the directory ${shown(target)} (${why}): give another target=PATH`);
  }
  const stat = statSync(target);
  const from = statSync(source);
  if (stat.ino === from.ino && stat.dev === from.dev) {
    throw new PlainError(`${shown(target)} is the source itself: give another directory as target=PATH`);
  }
  return stat;
}

/**
 * Two sources with the same last part must not share a default name, because a prune for one would remove archives of
 * the other.
 */
export function checkNameIsOurs(target: string, name: string, source: string): void {
  const newest = readdirSync(target)
    .filter((file) => parseArchiveFile(file)?.name === name)
    .sort()
    .at(-1);
  const other = newest && sourceIn(join(target, manifestFile(newest)));
  if (other && other !== source) {
    throw new PlainError(
      `${shown(target)} holds backups named "${name}" of ${shown(other)}: ` +
        `give another name (name=…), or use the same name on purpose (name=${name})`,
    );
  }
}

function sourceIn(manifest: string): string | null {
  try {
    const reader = new ManifestReader(manifest);
    reader.close();
    return reader.head.source;
  } catch {
    // A missing or damaged manifest does not give the source.
    return null;
  }
}

function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new PlainError(`cannot read ${shown(path)}: ${code}`);
  }
}
