/**
 * Checks twice a second that the state directory and the files the daemon depends on still exist:
 * each path must lead to the same directory or file as at the start. Records acknowledged into a
 * removed directory are lost, and a second daemon could take a removed lock, so the daemon stops.
 */
import { utimesSync } from "node:fs";
import { type FileIdentity, identityOf, isFile } from "../os/file-identity.js";
import type { KernelLock } from "../os/kernel-lock.js";
import type { Layout } from "../store/layout.js";

/** Time between two checks, in ms. */
const LOOK_MS = 500;

/**
 * How often the locks are marked as used, in ms: cleaners of temporary files remove files unused
 * for days.
 */
const TOUCH_MS = 3_600_000;

/** A part of the state directory was removed or replaced. */
export class StateRemovedError extends Error {
  override name = "StateRemovedError";
}

interface StateGuardOptions {
  layout: Layout;
  lock: KernelLock;
  /** Called once. */
  onRemoved: (error: StateRemovedError) => void;
  /** Called after each check that finds the state complete. */
  onLook: () => void;
  /** Files besides the state lock that are marked as used. */
  touched: readonly string[];
}

export class StateGuard {
  /** The file or directory of each path at the start, parents first. */
  readonly #guarded = new Map<string, FileIdentity | undefined>();
  readonly #timer: NodeJS.Timeout;
  #touchedAt = performance.now();

  constructor(private readonly options: StateGuardOptions) {
    const { layout, lock } = options;
    const { root, journal, history, runs, workers } = layout;
    for (const dir of [root, journal, history, runs, workers])
      this.#guarded.set(dir, identityOf(dir) ?? undefined);
    this.#guarded.set(layout.lock, lock.identity);
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  look(): void {
    const problem = this.problem();
    if (problem === null) {
      if (performance.now() - this.#touchedAt > TOUCH_MS) this.#touch();
      this.options.onLook();
      return;
    }
    this.stop();
    this.options.onRemoved(problem);
  }

  /** The first path that was removed or replaced since the start, or null. */
  problem(): StateRemovedError | null {
    const removed = [...this.#guarded.keys()].find((path) => !this.#isThere(path));
    if (removed === undefined) return null;
    const { root } = this.options.layout;
    const what = removed === root ? `the state directory ${root}` : removed;
    return new StateRemovedError(
      `${what} was removed or replaced while the daemon ran, so new operations would be lost; ` +
        "put it back if it was moved, then run: liveops start",
    );
  }

  /** Whether logs can still be kept. Each worker writes its events anew. */
  hasRuns(): boolean {
    const { root, runs } = this.options.layout;
    return [root, runs].every((path) => this.#isThere(path));
  }

  /** Whether decisions can still be recorded, by this daemon alone. */
  hasJournal(): boolean {
    const { root, journal, lock } = this.options.layout;
    return [root, journal, lock].every((path) => this.#isThere(path));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #isThere(path: string): boolean {
    const identity = this.#guarded.get(path);
    return identity !== undefined && isFile(path, identity);
  }

  #touch(): void {
    this.#touchedAt = performance.now();
    const now = new Date();
    const { layout, touched } = this.options;
    for (const file of [layout.lock, layout.version, ...touched]) {
      try {
        utimesSync(file, now, now);
      } catch {
        // On a read-only disk the next write reports the error.
      }
    }
  }
}
