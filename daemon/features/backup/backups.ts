/** Backups by a running daemon: one at a time, each of one moment of the store, aborted when the daemon stops. */
import { resolve } from "node:path";
import { Refusal } from "../../../protocol/errors.js";
import { EmbeddedStore } from "../../store/embedded-store.js";
import type { Layout } from "../../store/layout.js";
import type { Store } from "../../store/store.js";
import { backUp, checkBackupTarget } from "./backup.js";
import type { CopyProgress } from "./copy-state.js";
import type { Manifest } from "./manifest.js";

export class Backups {
  #running: Promise<unknown> | null = null;
  readonly #stopped = new AbortController();

  constructor(
    private readonly store: Store,
    private readonly layout: Layout,
  ) {}

  /**
   * Starts a backup. A problem with the request is thrown at once; a later error rejects `done`.
   *
   * @param signal aborts the backup and removes it
   * @throws Refusal LIVEOPS_BACKUP_TARGET, LIVEOPS_BACKUP_RUNNING, LIVEOPS_STOPPING
   */
  start(
    given: string,
    signal: AbortSignal,
    onProgress: (progress: CopyProgress) => void,
  ): { dir: string; done: Promise<Manifest> } {
    const { store } = this;
    if (!(store instanceof EmbeddedStore))
      throw new Refusal(
        "LIVEOPS_WRONG_STATE",
        "the state of a fleet is in its PostgreSQL database: back it up there, such as with pg_dump or pg_basebackup",
      );
    if (this.#stopped.signal.aborted) throw stopping();
    if (this.#running)
      throw new Refusal(
        "LIVEOPS_BACKUP_RUNNING",
        "another backup is being written; try again when it is done",
      );
    // The copy is written to `<dir>.partial`: with a slash at the end, that would be inside the directory.
    const dir = resolve(given);
    checkBackupTarget(dir, this.layout.root);
    const options = { dir, signal: AbortSignal.any([signal, this.#stopped.signal]), onProgress };
    const done = backUp(this.layout, options, async () => ({
      hold: await store.hold(),
      counts: store.counts(),
    })).finally(() => {
      this.#running = null;
    });
    this.#running = done.catch(() => {});
    return { dir, done };
  }

  /** Aborts the backup that is being written; resolves when it is removed. */
  async stop(): Promise<void> {
    this.#stopped.abort(stopping());
    await this.#running;
  }
}

function stopping(): Refusal {
  return new Refusal(
    "LIVEOPS_STOPPING",
    "the daemon is stopping, nothing was backed up; run liveops backup again when it has stopped",
  );
}
