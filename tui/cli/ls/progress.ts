/** The overall progress of listed operations, weighted by the durations of earlier runs, as in the dashboard. */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import {
  type OverallProgress,
  overallProgress,
  type StageDurations,
} from "../../terminal/overall-progress.js";

const UNKNOWN: OverallProgress = { percent: 0, known: false };

export class ListProgress {
  /** By operation type and history key. */
  readonly #durations = new Map<string, StageDurations | null>();
  readonly #asked = new Set<string>();
  /** By operation id: a second `track` in a stage does not decrease the percent. */
  readonly #reached = new Map<string, { attempt: number; percent: number }>();

  constructor(private readonly client: Client) {}

  /** The daemon's clock. */
  now(): number {
    return this.client.now();
  }

  /**
   * Reads the durations of earlier runs, once for each kind of running operation with several stages.
   *
   * @returns whether durations were read
   */
  async load(operations: Iterable<Operation>): Promise<boolean> {
    const missing = new Map<string, Operation>();
    for (const operation of operations)
      if (isWeighted(operation) && !this.#asked.has(nameOf(operation)))
        missing.set(nameOf(operation), operation);
    await Promise.all(
      [...missing].map(async ([name, { op, historyKey }]) => {
        this.#asked.add(name);
        // Without durations the list is still right: all stages count the same.
        const history = await this.client.history(op, { key: historyKey }).catch(() => null);
        this.#durations.set(name, history?.stages ?? null);
      }),
    );
    return missing.size > 0;
  }

  of(operation: Operation): OverallProgress {
    const { id, attempt } = operation;
    const durations = this.#durations.get(nameOf(operation));
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

function nameOf({ op, historyKey }: Operation): string {
  return `${op} ${historyKey ?? ""}`;
}

function isWeighted({ state, stages }: Operation): boolean {
  return state === "running" && stages.length > 1;
}
