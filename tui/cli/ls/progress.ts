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
import { elapsedMs } from "../../../protocol/system/elapsed.js";
import type { OperationContext } from "../../describe/columns.js";
import { type Inside, insideOf } from "../../describe/inside.js";
import { LIVE_STATES, listPages } from "../list-pages.js";

/** Milliseconds between two forecasts of the same operations, and of others. */
const FORECAST_MS = 5000;
const FORECAST_LEAST_MS = 1000;

const UNKNOWN: OverallProgress = { percent: 0, known: false };

export class ListProgress {
  /** By operation type and history key. */
  readonly #durations = new Map<string, StageDurations | null>();
  readonly #asked = new Set<string>();
  /** By operation id: a second `track` in a stage does not decrease the percent. */
  readonly #reached = new Map<string, { attempt: number; percent: number }>();

  #forecast: ForecastReply | null = null;
  /** What the forecast was asked for, and when, by the monotonic clock. */
  #foreseen = { live: "", at: Number.NEGATIVE_INFINITY };

  inside: Inside = insideOf([]);

  constructor(private readonly client: Client) {}

  /** The figures of a table. */
  figures(): Pick<OperationContext, "now" | "progress" | "startsAt" | "expectedEnd" | "inside"> {
    return {
      inside: this.inside,
      now: this.client.now(),
      progress: (it) => this.of(it),
      startsAt: ({ id }) => Date.parse(this.#forecast?.operations[id]?.startsAt ?? "") || null,
      expectedEnd: ({ id }) => this.#forecast?.operations[id],
    };
  }

  /**
   * Reads the forecast if it is older than 5 seconds, or if other operations are live. Without live operations, none is
   * read.
   *
   * @returns whether it was read
   */
  async foresee(operations: Iterable<Operation>): Promise<boolean> {
    const live = [...operations].filter(({ state }) => !isFinal(state));
    const key = live.map(({ id, state }) => `${id} ${state}`).join();
    const age = elapsedMs() - this.#foreseen.at;
    if (live.length === 0 || age < (key === this.#foreseen.live ? FORECAST_MS : FORECAST_LEAST_MS))
      return false;
    this.#foreseen = { live: key, at: elapsedMs() };
    // Without a forecast the list is still right.
    this.#forecast = await this.client.forecast().catch(() => null);
    return true;
  }

  /** Reads what runs inside of the operations. Where none of them waits for another one, nothing is asked. */
  async look(operations: readonly Operation[]): Promise<void> {
    if (!operations.some(({ state, waitsFor }) => state === "running" && waitsFor !== null)) return;
    this.inside = insideOf((await listPages(this.client, { state: LIVE_STATES, parent: "any" })).operations);
  }

  /**
   * Reads the durations of earlier runs, once for each kind of running operation with several stages.
   *
   * @returns whether durations were read
   */
  async load(operations: Iterable<Operation>): Promise<boolean> {
    const names = [...operations].filter(isWeighted).map(historyName);
    const missing = new Set(names.filter((name) => !this.#asked.has(name)));
    await Promise.all(
      [...missing].map(async (name) => {
        const { op, key } = parseHistoryName(name);
        this.#asked.add(name);
        // Without durations the list is still right: all stages count the same.
        const history = await this.client.history(op, { key }).catch(() => null);
        this.#durations.set(name, history?.stages ?? null);
      }),
    );
    return missing.size > 0;
  }

  of(operation: Operation): OverallProgress {
    const { id, attempt } = operation;
    const durations = this.#durations.get(historyName(operation));
    // A percent without the durations could decrease later.
    if (durations === undefined && isWeighted(operation)) return UNKNOWN;
    const now = overallProgress(operation, durations ?? null);
    if (operation.state !== "running") {
      this.#reached.delete(id);
      return now;
    }
    const before = this.#reached.get(id);
    const percent = before?.attempt === attempt ? Math.max(before.percent, now.percent) : now.percent;
    this.#reached.set(id, { attempt, percent });
    return { ...now, percent };
  }
}

function isWeighted({ state, stages }: Operation): boolean {
  return state === "running" && stages.length > 1;
}
