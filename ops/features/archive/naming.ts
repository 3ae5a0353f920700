/**
 * Makes and parses the file names of backups; used by all three backup operations.
 *
 * An archive is `<name>-<stamp>.tar.gz`, with its manifest next to it. Both have hidden partial names until they are
 * complete. Stamps are UTC and sort as text, so the newest archive of a name sorts last.
 */
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";

const STAMP = "\\d{8}T\\d{9}Z";
const ARCHIVE = new RegExp(`^(?<name>.+)-(?<stamp>${STAMP})\\.tar\\.gz$`, "s");
const LONGEST_NAME = 150;

/** `20260731T101112345Z`. */
export function stampOf(time: Date): string {
  return time.toISOString().replace(/[-:.]/g, "");
}

export function archiveFile(name: string, stamp: string): string {
  return `${name}-${stamp}.tar.gz`;
}

export function manifestFile(archive: string): string {
  return `${archive}.manifest.jsonl`;
}

/** Hidden, and without the ending of an archive, so that no code takes it for a complete archive. */
export function partialFile(file: string): string {
  return `.${file}.partial`;
}

/** The name and stamp in an archive's file name; null for any other file. */
export function parseArchiveFile(file: string): { name: string; stamp: string } | null {
  const groups = ARCHIVE.exec(file)?.groups;
  return groups?.name && groups.stamp ? { name: groups.name, stamp: groups.stamp } : null;
}

/** Makes a backup's name from its source: no separator, no control character, not hidden, at most 150 bytes. */
export function backupName(source: string): string {
  let name = basename(source)
    .replace(/[/\\\p{Cc}\p{Zl}\p{Zp}\ufffd]/gu, "_")
    .replace(/^[.\s-]+/, "");
  while (Buffer.byteLength(name) > LONGEST_NAME) name = [...name].slice(0, -1).join("");
  return name || "backup";
}

/** An absolute path, resolved from the cwd. Expands `~`, because no shell expands it after `=`. */
export function place(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : resolve(path);
}
