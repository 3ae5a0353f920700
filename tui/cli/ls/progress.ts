/** When listed operations are expected to start and to end, and what runs inside of them. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import type { OperationContext } from "../../describe/columns.js";
import { type Inside, insideOf } from "../../describe/inside.js";
import { LIVE_STATES, listPages } from "../list-pages.js";

export class ListProgress {
  #forecast: ForecastReply | null = null;
  #inside: Inside = insideOf([]);

  constructor(private readonly client: Client) {}

  /** The figures of a table. */
  figures(): Pick<OperationContext, "now" | "startsAt" | "expectedEnd" | "inside"> {
    return {
      inside: this.#inside,
      now: this.client.now(),
      startsAt: ({ id }) => Date.parse(this.#forecast?.operations[id]?.startsAt ?? "") || null,
      expectedEnd: ({ id }) => this.#forecast?.operations[id],
    };
  }

  /** Reads the forecast, where an operation is live. */
  async foresee(operations: readonly Operation[]): Promise<void> {
    if (operations.every(({ state }) => isFinal(state))) return;
    // Without a forecast the list is still right.
    this.#forecast = await this.client.forecast().catch(() => null);
  }

  /**
   * Reads what runs inside of the operations. Where none of them waits for another one, nothing is
   * asked.
   */
  async look(operations: readonly Operation[]): Promise<void> {
    if (!operations.some(({ state, waitsFor }) => state === "running" && waitsFor !== null)) return;
    this.#inside = insideOf(
      (await listPages(this.client, { state: LIVE_STATES, parent: "any" })).operations,
    );
  }
}
