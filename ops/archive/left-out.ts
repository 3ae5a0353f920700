/**
 * Keeps account of what a backup leaves out, and says each in the log once though the tree is walked twice.
 */
import { count, PlainError, shown } from "../messages.js";
import type { LeftOut, Report } from "./walk.js";

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
    // What is excluded may be many, and was asked for.
    if (why === "excluded" || this.said.has(path)) return;
    this.said.add(path);
    this.log(`left out ${shown(path || "/")}: ${detail || WORDS[why]}`);
  };

  /** Counts afresh for the second walk, the one that goes into the archive. */
  restart(): void {
    for (const why of Object.keys(this.counts) as LeftOut[]) this.counts[why] = 0;
  }

  /** `1 excluded, 2 unreadable`, or nothing. */
  summary(): string {
    return Object.entries(this.counts)
      .filter(([why, n]) => n > 0 && why !== "target")
      .map(([why, n]) => `${n} ${why}`)
      .join(", ");
  }

  /** For `unreadable=fail`. */
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
  target: "the backups go there",
  special: "neither file, directory nor link",
  unreadable: "cannot be read",
  vanished: "it was removed meanwhile",
};
