/** `state.json` of a host of a fleet: the operations as this host sees them, for people. No start reads it. */
import type { EngineParts } from "../../../engine.js";
import { isDiskFull } from "../../../store/durable-file.js";
import { RewriteTimer } from "../../../store/rewrite-timer.js";
import { StateFile } from "../../../store/state-file.js";
import type { Store } from "../../../store/store.js";

export class HostDocument {
  readonly #file: StateFile;
  readonly #rewriteTimer: RewriteTimer;

  constructor(
    private readonly parts: Pick<EngineParts, "bus" | "layout" | "log" | "view">,
    private readonly store: Store,
    private readonly host: string,
  ) {
    this.#file = new StateFile(parts.layout.document, null, (entry) => parts.view.present(entry));
    this.#rewriteTimer = new RewriteTimer(parts.bus, () => this.#write());
    this.#rewriteTimer.changed();
  }

  /** Writes the document a last time. */
  async stop(): Promise<void> {
    await this.#rewriteTimer.stop();
    await this.#write();
  }

  async #write(): Promise<number> {
    const { ledger, recent, journalNumber } = this.store;
    try {
      await this.#file.write({
        view: `what the host ${this.host} of a fleet sees: the operations are in its database`,
        journal: journalNumber,
        nextOrder: ledger.nextOrder,
        counts: this.store.ledger.withAsking(this.store.counts("none")),
        live: [...ledger.inState("running"), ...ledger.inState("queued")],
        finished: [...recent.values()],
        tombstones: [],
      });
    } catch (error) {
      const { document } = this.parts.layout;
      if (!isDiskFull(error)) this.parts.log.logger.error({ err: error }, `${document} could not be written`);
      this.#rewriteTimer.changed();
    }
    return this.#file.busyMs;
  }
}
