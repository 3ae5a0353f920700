/**
 * Walks a source for `backup`: every entry in a fixed order, a directory before its contents, symlinks not followed.
 *
 * Memory is proportional to one directory per level. `report` gets every entry that is left out. File system calls are
 * synchronous, which is ten times faster for many small files; the walk is asynchronous only so that signals are
 * handled.
 */
import { isUtf8 } from "node:buffer";
import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { count, PlainError, shown } from "../../messages.js";
import type { Exclude } from "./exclude.js";

export interface WalkEntry {
  /** Path in the archive: relative to the source's parent, with `/` between its parts. */
  path: string;
  absolute: string;
  type: "file" | "directory" | "link";
  stat: Stats;
  /** The target of a link, unresolved; null for other entries. */
  target: string | null;
}

/** Why an entry is left out; only `unreadable` is an error. */
export type LeftOut = "excluded" | "target" | "special" | "unreadable" | "vanished";
export type Report = (path: string, why: LeftOut, detail: string) => void;

export interface WalkOptions {
  exclude: Exclude;
  /** The target directory of the backup, which is always left out. */
  target: { dev: number; ino: number } | null;
  report: Report;
}

const YIELD_EVERY = 500;

export async function* walk(source: string, options: WalkOptions): AsyncGenerator<WalkEntry> {
  const parent = dirname(source);
  const prefix = parent === "/" ? 1 : parent.length + 1;
  const pending = [source];
  for (let n = 1; pending.length > 0; n++) {
    if (n % YIELD_EVERY === 0) await setImmediate();
    const absolute = pending.pop() as string;
    const entry = look(absolute, absolute.slice(prefix), source, options);
    if (!entry) continue;
    // The root of the file system has no name for an entry.
    if (entry.path !== "") yield entry;
    if (entry.type !== "directory") continue;
    const names = attempt(entry, options.report, () => readdirSync(absolute).sort().reverse());
    for (const name of names ?? []) pending.push(absolute === "/" ? `/${name}` : `${absolute}/${name}`);
  }
}

function look(absolute: string, path: string, source: string, options: WalkOptions): WalkEntry | null {
  const { exclude, target, report } = options;
  const isRoot = absolute === source;
  if (!isRoot && exclude.matches(absolute.slice(source === "/" ? 1 : source.length + 1))) {
    report(path, "excluded", "");
    return null;
  }
  return attempt({ path, absolute }, report, () => {
    const stat = lstatSync(absolute);
    if (stat.isDirectory()) {
      if (target && stat.ino === target.ino && stat.dev === target.dev) {
        report(path, "target", "");
        return null;
      }
      return { path, absolute, type: "directory", stat, target: null };
    }
    if (stat.isFile()) return { path, absolute, type: "file", stat, target: null };
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(absolute, "buffer");
      if (isUtf8(target)) return { path, absolute, type: "link", stat, target: target.toString() };
      report(path, "unreadable", "the target of the link is not UTF-8");
      return null;
    }
    report(path, "special", stat.isSocket() ? "socket" : stat.isFIFO() ? "named pipe" : "device");
    return null;
  });
}

/** Runs a file system call for an entry; reports an error and returns null. */
export function attempt<T>(
  entry: { path: string; absolute: string },
  report: Report,
  call: () => T,
): T | null {
  try {
    return call();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      // Node returns a name that is not UTF-8 with U+FFFD in it, and no entry has that name.
      const garbled = basename(entry.absolute).includes("\ufffd");
      report(entry.path, garbled ? "unreadable" : "vanished", garbled ? "its name is not UTF-8" : "");
    } else if (code) {
      report(entry.path, "unreadable", reason(code));
    } else {
      throw error;
    }
    return null;
  }
}

function reason(code: string): string {
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EIO") return "read error of the disk";
  if (code === "ENAMETOOLONG") return "its path is too long";
  return code;
}

/** Counts the entries that a backup leaves out, and logs each entry once although the tree is walked twice. */
export class Account {
  readonly counts: Record<LeftOut, number> = {
    excluded: 0,
    target: 0,
    special: 0,
    unreadable: 0,
    vanished: 0,
  };
  private readonly said = new Set<string>();

  constructor(private readonly log: (line: string) => void) {}

  readonly report: Report = (path, why, detail) => {
    this.counts[why]++;
    // Excluded entries may be many, and the user expects them.
    if (why === "excluded" || this.said.has(path)) return;
    this.said.add(path);
    this.log(`left out ${shown(path || "/")}: ${detail || WORDS[why]}`);
  };

  /** Resets the counts for the second walk, which writes the archive. */
  restart(): void {
    for (const why of Object.keys(this.counts) as LeftOut[]) this.counts[why] = 0;
  }

  /** `1 excluded, 2 unreadable`, or an empty text. */
  summary(): string {
    return Object.entries(this.counts)
      .filter(([why, n]) => n > 0 && why !== "target")
      .map(([why, n]) => `${n} ${why}`)
      .join(", ");
  }

  /** @throws PlainError if entries cannot be read; for `unreadable=fail` */
  assertReadable(): void {
    const { unreadable } = this.counts;
    if (unreadable === 0) return;
    throw new PlainError(
      `${count(unreadable, "entry", "entries")} cannot be read (named in the log): make them readable, leave them ` +
        "out with exclude=…, or pass unreadable=skip to back up the rest",
    );
  }
}

const WORDS: Record<LeftOut, string> = {
  excluded: "excluded",
  target: "the target of the backup",
  special: "neither file, directory nor link",
  unreadable: "cannot be read",
  vanished: "removed during the backup",
};
