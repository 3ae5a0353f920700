/**
 * Takes over the operations of lost hosts: finishes them by the outcome that the host shipped,
 * queues resumable ones again, and fails the others.
 */
import type { Outcome } from "../../../../protocol/event.js";
import type { Conclusion, Lifecycle } from "../../../lifecycle.js";
import type { Log } from "../../../log/log.js";
import type { Entry } from "../../../store/decision.js";
import { NotRecordedError } from "../../../store/not-recorded.js";
import type { FleetEngine } from "../engine/fleet-engine.js";

/** What the run files of an attempt of another host say. */
export interface AttemptEnd {
  outcome: Outcome | null;
  /** Number of the last event or line. */
  seq: number;
}

interface TakeoverOptions {
  engine: Pick<FleetEngine, "abandoned">;
  conclude: Lifecycle["conclude"];
  log: Log;
  find(id: string): Entry | undefined;
  /** Whether this daemon handles the attempt itself. */
  isHandled(id: string): boolean;
  /** Brings the run files of the attempt and reads them to their end. */
  read(entry: Entry): Promise<AttemptEnd>;
}

export class Takeover {
  #looking: Promise<void> | null = null;

  constructor(private readonly options: TakeoverOptions) {}

  /** Takes over what nobody runs any more. Rejects where the engine does not answer. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { engine, find, isHandled } = this.options;
    for (const { id, fence } of await engine.abandoned()) {
      const entry = find(id);
      // The ledger may be behind the engine, or before it: then the next look decides.
      if (entry?.record.state !== "running" || entry.run?.claim?.fence !== fence || isHandled(id))
        continue;
      if (entry.run.policy.partition !== "finish") await this.#take(entry);
    }
  }

  async #take(entry: Entry): Promise<void> {
    const { conclude, log, read } = this.options;
    const { id, attempt } = entry.record;
    const { host } = entry.run!.claim!;
    const { outcome, seq } = await read(entry);
    try {
      await conclude(id, attempt, seq, (now) => conclusionOf(now, host, outcome));
      log.warn({ id, host, attempt }, "took over an operation of a lost host");
    } catch (error) {
      // The next look tries again.
      if (!(error instanceof NotRecordedError)) throw error;
    }
  }
}

/**
 * Every attempt counts as accepted: what its worker wrote may never have been shipped.
 *
 * @param outcome what the host shipped before it was lost; it counts, whatever happened to the host
 */
function conclusionOf(
  { run, record, tries }: Entry,
  host: string,
  outcome: Outcome | null,
): Conclusion {
  if (outcome !== null) return { finish: outcome };
  const { stopReason, policy } = run!;
  if (stopReason === "cancel")
    return { finish: { state: "cancelled", result: null, error: null, next: null } };
  const message = `the host ${host} is lost: it did not renew its lease in the fleet`;
  const mayRunAgain = stopReason === null && policy.resumable;
  if (!mayRunAgain)
    return {
      finish: {
        state: "failed",
        result: null,
        error: { code: "LIVEOPS_HOST_LOST", message, stack: null },
        next: null,
      },
    };
  return { requeue: { reason: message, next: record.attempt + 1, tries, delay: 0 } };
}
