/**
 * Counts the entries that a backup leaves out, and logs each entry once although the tree is walked twice.
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
