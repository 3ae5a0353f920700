/**
 * Where the events file of each attempt must end, by the records of the operations: a file that was cut short may
 * otherwise look whole.
 *
 * Only attempts with an outcome of their worker count, because the worker synced all records before it. Of any other
 * attempt a power cut may have taken the last log lines.
 */
import type { FailureCode } from "../../protocol/errors.js";
import type { NumberedRecord } from "../../protocol/record-line.js";
import type { Decision, Entry } from "./decision.js";
import { eventsOf } from "./entry-events.js";
import { Ledger } from "./ledger.js";

/** With these codes the daemon may have finished the attempt without an outcome of the worker. */
const WITHOUT_OUTCOME = new Set<string>([
  "LIVEOPS_WORKER_LOST",
  "LIVEOPS_TIMEOUT",
  "LIVEOPS_RUN_FILES_UNREADABLE",
] satisfies FailureCode[]);

export class AttemptEnds {
  readonly #ledger = new Ledger();
  /** Number of the last record, by `id/attempt`. */
  readonly #last = new Map<string, number>();

  /** Number of the last log line of each operation whose attempts all had an outcome of their workers. */
  readonly lines = new Map<string, number>();

  /** Adds an operation of the state document. Its decisions follow. */
  addLive(entry: Entry): void {
    this.#ledger.add(entry);
  }

  /** Adds a decision of the journal. */
  addDecision({ n, value }: NumberedRecord): void {
    const decision = value as Decision;
    this.#ledger.apply(decision, n);
    const entry = decision.kind === "finished" ? this.#ledger.get(decision.id) : undefined;
    if (entry) this.addFinished(entry);
  }

  /** Adds a finished operation. */
  addFinished(entry: Entry): void {
    const { id, logLines } = entry.record;
    let hasAll = true;
    /** Number of the daemon's event before. */
    let before = 0;
    for (const event of eventsOf(entry)) {
      if (event.type === "operation:finished" && event.seq > before + 1) {
        const isWorkers = event.error === null || !WITHOUT_OUTCOME.has(event.error.code);
        if (isWorkers && event.state !== "cancelled") this.#last.set(`${id}/${event.attempt}`, event.seq - 1);
        else hasAll = false;
      } else if (event.type === "attempt:requeued") hasAll = false;
      if (event.seq > 0) before = event.seq;
    }
    if (hasAll) this.lines.set(id, logLines);
    else this.lines.delete(id);
  }

  /** Number of the last record in the events file of an attempt; undefined: not known. */
  lastOf(id: string, attempt: string): number | undefined {
    return this.#last.get(`${id}/${attempt}`);
  }
}
