/**
 * Compares an archive's entries with its manifest's as they come, for `verify-backup`.
 *
 * Both stand in the same order, so a sound archive is compared with nothing held; only entries that have no
 * counterpart yet are kept until it turns up, or until the end says that it never will.
 */
import type { ManifestEntry } from "./manifest.js";

/** An entry as the archive has it; "other" is nothing that backup writes. */
export type FoundEntry = Omit<ManifestEntry, "type"> & { type: ManifestEntry["type"] | "other" };

export interface Differences {
  missing: number;
  extra: number;
  differing: number;
}

/** Told of each difference: what it is, and which entry. */
export type Differ = (kind: keyof Differences, path: string, detail: string) => void;

export class Comparison {
  readonly differences: Differences = { missing: 0, extra: 0, differing: 0 };
  private readonly expected = new Map<string, ManifestEntry>();
  private readonly found = new Map<string, FoundEntry>();
  private ended = false;

  /** @param next - the manifest's next entry, null after the last. */
  constructor(
    private readonly next: () => ManifestEntry | null,
    private readonly differ: Differ,
  ) {}

  /** An entry of the archive, its content read. */
  add(entry: FoundEntry): void {
    const known = this.expected.get(entry.path);
    if (known) {
      this.expected.delete(entry.path);
      this.compare(known, entry);
    } else if (this.found.has(entry.path)) {
      this.say("extra", entry.path, "it is in the archive twice");
    } else if (this.ended) {
      // Not kept: an archive of any number of such entries would fill the memory.
      this.say("extra", entry.path, "");
    } else {
      this.found.set(entry.path, entry);
      this.advance(entry.path);
    }
  }

  /** The archive has ended: what is still unmatched stays so. */
  finish(): void {
    while (!this.ended) this.advance(null);
    for (const path of this.expected.keys()) this.say("missing", path, "");
    for (const path of this.found.keys()) this.say("extra", path, "");
  }

  /** Reads the manifest on, to `until` or to an entry that the archive has not shown yet. */
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
