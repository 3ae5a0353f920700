/**
 * The overall progress of listed operations, weighted by the durations of earlier runs, as in the dashboard; and when
 * they are expected to start and to end.
 */
import type { Client } from "../../../protocol/client/client.js";
import { historyName, parseHistoryName } from "../../../protocol/estimate/likeness.js";
import {
  type OverallProgress,
  overallProgress,
  type StageDurations,
} from "../../../protocol/estimate/overall-progress.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import type { OperationContext } from "../../describe/columns.js";
import { type Inside, insideOf } from "../../describe/inside.js";
import { LIVE_STATES, listPages } from "../list-pages.js";

const UNKNOWN: OverallProgress = { percent: 0, known: false };

export class ListProgress {
  /** By operation type and history key. */
  readonly #durations = new Map<string, StageDurations | null>();
  #forecast: ForecastReply | null = null;
  #inside: Inside = insideOf([]);

  constructor(private readonly client: Client) {}

  /** The figures of a table. */
  figures(): Pick<OperationContext, "now" | "progress" | "startsAt" | "expectedEnd" | "inside"> {
    return {
      inside: this.#inside,
      now: this.client.now(),
      progress: (it) => this.of(it),
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

  /** Reads what runs inside of the operations. Where none of them waits for another one, nothing is asked. */
  async look(operations: readonly Operation[]): Promise<void> {
    if (!operations.some(({ state, waitsFor }) => state === "running" && waitsFor !== null)) return;
    this.#inside = insideOf((await listPages(this.client, { state: LIVE_STATES, parent: "any" })).operations);
  }

  /** Reads the durations of earlier runs, once for each kind of running operation with several stages. */
  async load(operations: readonly Operation[]): Promise<void> {
    const names = new Set(operations.filter(isWeighted).map(historyName));
    await Promise.all(
      [...names].map(async (name) => {
        const { op, key } = parseHistoryName(name);
        // Without durations the list is still right: all stages count the same.
        const history = await this.client.history(op, { key }).catch(() => null);
        this.#durations.set(name, history?.stages ?? null);
      }),
    );
  }

  of(operation: Operation): OverallProgress {
    const durations = this.#durations.get(historyName(operation));
    // All stages would count the same, which may be far from the truth.
    if (durations === undefined && isWeighted(operation)) return UNKNOWN;
    return overallProgress(operation, durations ?? null);
  }
}

function isWeighted({ state, stages }: Operation): boolean {
  return state === "running" && stages.length > 1;
}
