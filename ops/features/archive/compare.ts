/**
 * Compares the entries of an archive with its manifest while the archive is read, for `verify-backup`.
 *
 * Both have the same order, so an undamaged archive needs no memory. Only unmatched entries are kept, until their
 * counterpart or the end is read.
 */
import type { ManifestEntry } from "./manifest.js";

/** An entry of the archive; backup never writes the type "other". */
export type FoundEntry = Omit<ManifestEntry, "type"> & { type: ManifestEntry["type"] | "other" };

export interface Differences {
  missing: number;
  extra: number;
  differing: number;
}

/** Called for each difference. */
export type Differ = (kind: keyof Differences, path: string, detail: string) => void;

export class Comparison {
  readonly differences: Differences = { missing: 0, extra: 0, differing: 0 };
  private readonly expected = new Map<string, ManifestEntry>();
  private readonly found = new Map<string, FoundEntry>();
  private ended = false;

  /** @param next - returns the manifest's next entry; null after the last */
  constructor(
    private readonly next: () => ManifestEntry | null,
    private readonly differ: Differ,
  ) {}

  /** Adds an entry of the archive, after its content is read. */
  add(entry: FoundEntry): void {
    const known = this.expected.get(entry.path);
    if (known) {
      this.expected.delete(entry.path);
      this.compare(known, entry);
    } else if (this.found.has(entry.path)) {
      this.say("extra", entry.path, "it is in the archive twice");
    } else if (this.ended) {
      // Not kept, because any number of extra entries would fill the memory.
      this.say("extra", entry.path, "");
    } else {
      this.found.set(entry.path, entry);
      this.advance(entry.path);
    }
  }

  /** Call at the end of the archive: reports the unmatched entries. */
  finish(): void {
    while (!this.ended) this.advance(null);
    for (const path of this.expected.keys()) this.say("missing", path, "");
    for (const path of this.found.keys()) this.say("extra", path, "");
  }

  /** Reads the manifest up to `until`, or to an entry that is not yet read from the archive. */
  private advance(until: string | null): void {
    for (;;) {
      const expected = this.ended ? null : this.next();
      if (!expected) {
        this.ended = true;
        return;
      }
      const entry = this.found.get(expected.path);
      if (!entry) {
        this.expected.set(expected.path, expected);
        return;
      }
      this.found.delete(expected.path);
      this.compare(expected, entry);
      if (expected.path === until) return;
    }
  }

  private compare(expected: ManifestEntry, entry: FoundEntry): void {
    const parts = (["type", "mode", "size", "sha256", "target"] as const).filter(
      (key) => expected[key] !== entry[key],
    );
    if (parts.length > 0) this.say("differing", entry.path, parts.map((key) => WORDS[key]).join(", "));
  }

  private say(kind: keyof Differences, path: string, detail: string): void {
    this.differences[kind]++;
    this.differ(kind, path, detail);
  }
}

const WORDS = { type: "type", mode: "mode", size: "size", sha256: "content", target: "link target" };
