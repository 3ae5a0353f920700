/**
 * Bounds the space of mirrored attempts: removes those of finished operations that were not used for the longest time.
 * The marker's time is that of the last use.
 */
import { renameSync, rmSync, utimesSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ID_PATTERN } from "../../../protocol/id.js";
import { isMirrored, mirroredMark } from "../../run-files/attempt-files.js";
import { runBytes } from "../../run-files/log-parts.js";

export interface SpaceOptions {
  /** The directory of all run files. */
  runs: string;
  /** Most bytes of run files of finished operations; those of running ones come on top where they must. */
  maxBytes: number;
  isFinished(id: string): boolean;
  /** The directory is gone. */
  onEvicted(attemptDir: string): void;
}

interface Use {
  id: string;
  bytes: number;
  /** Unix time in ms. */
  usedAt: number;
  /** Unix time in ms of the marker. */
  markedAt: number;
}

/** Time in ms between two notes of a use. */
const MARK_EVERY = 60_000;
/** Share of the bound that is left after a removal. */
const LEFT = 0.9;
/** Names of directories that a crash left half made, or half removed. */
const LEFTOVER = /^\d+\.(mirror|evicted)$/;

export class MirrorSpace {
  /** By directory of the attempt. */
  readonly #uses = new Map<string, Use>();
  /** Directories that must stay, and how many need each. */
  readonly #held = new Map<string, number>();
  #bytes = 0;

  constructor(private readonly options: SpaceOptions) {}

  /** Bytes of all mirrored attempts that are known. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Finds the mirrored attempts of earlier daemons, and removes what a crash left. */
  async scan(): Promise<void> {
    const { runs } = this.options;
    for (const id of await namesIn(runs)) {
      if (!ID_PATTERN.test(id)) continue;
      for (const name of await namesIn(join(runs, id))) {
        const dir = join(runs, id, name);
        // One that is being made now is not removed: it is renamed in the same turn.
        if (LEFTOVER.test(name)) await rm(dir, { recursive: true, force: true });
        else if (/^\d+$/.test(name)) await this.#find(id, dir);
      }
    }
    this.evict();
  }

  async #find(id: string, dir: string): Promise<void> {
    const mark = await stat(mirroredMark(dir)).catch(() => null);
    if (mark === null || this.#uses.has(dir) || !isMirrored(dir)) return;
    this.#set(dir, { id, bytes: runBytes(dir), usedAt: mark.mtimeMs, markedAt: mark.mtimeMs });
  }

  /** The directory must stay until the returned function is called. */
  hold(dir: string): () => void {
    this.#held.set(dir, (this.#held.get(dir) ?? 0) + 1);
    return () => {
      const left = this.#held.get(dir)! - 1;
      if (left > 0) this.#held.set(dir, left);
      else this.#held.delete(dir);
    };
  }

  /** Notes a use of the directory, and its size. */
  used(id: string, dir: string, bytes: number): void {
    const now = Date.now();
    const markedAt = this.#uses.get(dir)?.markedAt ?? 0;
    const isMarked = now - markedAt < MARK_EVERY;
    if (!isMarked) utimesSync(mirroredMark(dir), now / 1000, now / 1000);
    this.#set(dir, { id, bytes, usedAt: now, markedAt: isMarked ? markedAt : now });
  }

  forget(dir: string): void {
    this.#bytes -= this.#uses.get(dir)?.bytes ?? 0;
    this.#uses.delete(dir);
  }

  #set(dir: string, use: Use): void {
    this.forget(dir);
    // At the end: the map is in the order of the uses, but for those of earlier daemons.
    this.#uses.set(dir, use);
    this.#bytes += use.bytes;
  }

  /** Removes directories while there are too many bytes. */
  evict(): void {
    const { maxBytes, isFinished, onEvicted } = this.options;
    if (this.#bytes <= maxBytes) return;
    const oldest = [...this.#uses].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [dir, { id }] of oldest) {
      if (this.#bytes <= maxBytes * LEFT) return;
      if (this.#held.has(dir) || !isFinished(id)) continue;
      this.forget(dir);
      onEvicted(dir);
      removeMirrored(dir);
    }
  }
}

/** Renames the directory before it is removed: half of its files would look like all of them. */
export function removeMirrored(dir: string): void {
  const aside = `${dir}.evicted`;
  rmSync(aside, { recursive: true, force: true });
  try {
    renameSync(dir, aside);
  } catch (error) {
    // The operation was removed, with all its files.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}
