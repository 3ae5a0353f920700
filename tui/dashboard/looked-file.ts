/**
 * What needs a person and was looked at, so that the next dashboard does not count it again. A file beside those of the
 * failures, for each daemon, or for all hosts that a dashboard shows.
 */
import { readFileSync } from "node:fs";
import type { NeedsSlice } from "./core/slices/needs.js";
import { writeSmall } from "./seen-failures.js";

/** Keys that are kept; the oldest are of what ended long ago. */
const MOST = 2000;

export class LookedFile {
  #began = 0;

  /** @param file - null: nothing is remembered */
  constructor(private readonly file: string | null) {}

  /** @param now - in ms: when nothing was remembered, the person looks for the first time */
  read(now: number): Pick<NeedsSlice, "began" | "looked"> {
    const { began, looked } = this.file === null ? {} : readSmall(this.file);
    this.#began = typeof began === "number" && began <= now ? began : now;
    const keys = Array.isArray(looked) ? looked.filter((key) => typeof key === "string") : [];
    if (this.#began === now) this.write(keys);
    return { began: this.#began, looked: new Set(keys) };
  }

  write(keys: readonly string[]): void {
    if (this.file !== null) writeSmall(this.file, { began: this.#began, looked: keys.slice(-MOST) });
  }
}

function readSmall(file: string): { began?: unknown; looked?: unknown } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) ?? {};
  } catch {
    return {};
  }
}
