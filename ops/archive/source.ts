/**
 * Looks at the two ends of a backup before it starts, and says what is wrong with them in words.
 */
import { mkdirSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { PlainError, shown } from "../messages.js";
import { ManifestReader } from "./manifest.js";
import { manifestFile, parseArchiveFile } from "./naming.js";

/** The source itself, links resolved. */
export function checkSource(source: string): string {
  const stat = look(source);
  if (!stat)
    throw new PlainError(`there is no ${shown(source)}: give an existing directory or file as source=PATH`);
  if (!stat.isDirectory() && !stat.isFile()) {
    throw new PlainError(`${shown(source)} is neither a directory nor a file: give one as source=PATH`);
  }
  return realpathSync(source);
}

/** Makes the target directory where it is missing; its identity. */
export function checkArchiveTarget(target: string, source: string): Stats {
  try {
    mkdirSync(target, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" || code === "ENOTDIR" ? "a file stands in its place" : code;
    throw new PlainError(`cannot make the directory ${shown(target)} (${why}): give another target=PATH`);
  }
  const stat = statSync(target);
  const from = statSync(source);
  if (stat.ino === from.ino && stat.dev === from.dev) {
    throw new PlainError(`${shown(target)} is the source itself: give another directory as target=PATH`);
  }
  return stat;
}

/**
 * Two sources with the same last part must not share a default name: pruning one would remove the other's archives.
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
        `give this one a name of its own (name=…), or name=${name} to go on with theirs`,
    );
  }
}

function sourceIn(manifest: string): string | null {
  try {
    const reader = new ManifestReader(manifest);
    reader.close();
    return reader.head.source;
  } catch {
    // Missing or damaged: it says nothing about the source.
    return null;
  }
}

function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new PlainError(`cannot look at ${shown(path)}: ${code}`);
  }
}
