/** Copies the state of a running daemon into a new directory, which appears whole or not at all. */
import { lstatSync, realpathSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Refusal } from "../../../protocol/errors.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { isDiskFull } from "../../store/durable-file.js";
import { EmbeddedStore } from "../../store/embedded-store.js";
import type { Layout } from "../../store/layout.js";
import type { Store } from "../../store/store.js";
import { copyState, sync } from "./copy-state.js";

/** One backup at a time; a stop of the daemon ends it. */
export class Backups {
  #running: Promise<unknown> | null = null;
  readonly #stopped = new AbortController();

  constructor(
    private readonly store: Store,
    private readonly layout: Layout,
  ) {}

  /**
   * @param given an absolute path that does not exist
   * @param gone ends the backup and removes what was written
   * @throws Refusal
   */
  async write(given: string, gone: AbortSignal): Promise<{ dir: string; at: string }> {
    const { store } = this;
    if (!(store instanceof EmbeddedStore))
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        "the state of a fleet is in its PostgreSQL database: back it up there, such as with pg_dump or pg_basebackup",
      );
    const signal = AbortSignal.any([gone, this.#stopped.signal]);
    signal.throwIfAborted();
    if (this.#running)
      throw new Refusal(
        "LIVEOPS_BACKUP_RUNNING",
        "another backup is being written; try again when it is done",
      );
    // The copy is written beside `dir`: with a slash at the end, that would be inside the directory.
    const dir = resolve(given);
    const partial = `${dir}.partial`;
    checkTarget(dir, partial, this.layout.root);
    const running = this.#copy(store, dir, partial, signal);
    this.#running = running.catch(() => {});
    try {
      return { dir, at: await running };
    } finally {
      this.#running = null;
    }
  }

  /** Resolves when the backup that is being written is removed. */
  async stop(): Promise<void> {
    this.#stopped.abort(
      new Refusal(
        "LIVEOPS_STOPPING",
        "the daemon is stopping, nothing was backed up; run liveops backup again when it has stopped",
      ),
    );
    await this.#running;
  }

  async #copy(store: EmbeddedStore, dir: string, partial: string, signal: AbortSignal): Promise<string> {
    const hold = await store.hold();
    const at = new Date().toISOString();
    try {
      await mkdir(partial, { mode: 0o700 });
      await copyState({ layout: this.layout, target: partial, hold, signal });
      await rename(partial, dir);
      await sync(dirname(dir));
      return at;
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw signal.aborted ? signal.reason : failed(dir, error as Error);
    } finally {
      hold.release();
    }
  }
}

/** Makes the parent of the directory. @throws Refusal LIVEOPS_BACKUP_TARGET if the directory cannot take a backup */
function checkTarget(dir: string, partial: string, stateDir: string): void {
  const refusal = (why: string) => new Refusal("LIVEOPS_BACKUP_TARGET", why);
  const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  let parent: string;
  try {
    if (exists(dir)) throw refusal(`${dir} exists already; name a new directory`);
    if (exists(partial))
      throw refusal(
        `${partial} exists: a backup that was interrupted left it; remove it, or name another directory`,
      );
    makeDirectory(dirname(dir), 0o700);
    parent = realpathSync(dirname(dir));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw refusal(`${dir} cannot be used: ${(error as Error).message}; name a new directory`);
  }
  if (join(parent, basename(dir)).startsWith(`${realpathSync(stateDir)}${sep}`))
    throw refusal(`${dir} is inside the state directory; name another directory`);
}

function failed(dir: string, error: Error): Refusal {
  if (error instanceof Refusal) return error;
  const what = isDiskFull(error)
    ? "its disk is full; free some space there"
    : `${error.message}; resolve this`;
  return new Refusal(
    "LIVEOPS_BACKUP_FAILED",
    `nothing was left in ${dir}: ${what}, then run liveops backup again`,
  );
}
