/**
 * Where the events file of each attempt must end, by the record of the operation: a file that was
 * cut short may otherwise look whole.
 *
 * Only attempts with an outcome of their worker count, because the worker synced all records before
 * it. Of any other attempt a power cut may have taken the last log lines.
 */
import type { FailureCode } from "../../protocol/errors.js";
import type { Entry } from "./decision.js";
import { eventsOf } from "./entry-events.js";

/** With these codes the daemon may have finished the attempt without an outcome of the worker. */
const WITHOUT_OUTCOME = new Set<string>([
  "LIVEOPS_WORKER_LOST",
  "LIVEOPS_TIMEOUT",
  "LIVEOPS_RUN_FILES_UNREADABLE",
] satisfies FailureCode[]);

/** Number of the last record in the events file, by attempt. */
export function attemptEnds(entry: Entry | undefined): Map<number, number> {
  const ends = new Map<number, number>();
  /** Number of the daemon's event before. */
  let before = 0;
  for (const event of entry ? eventsOf(entry) : []) {
    if (event.type === "operation:finished" && event.seq > before + 1) {
      const isWorkers = event.error === null || !WITHOUT_OUTCOME.has(event.error.code);
      if (isWorkers && event.state !== "cancelled") ends.set(event.attempt, event.seq - 1);
    }
    if (event.seq > 0) before = event.seq;
  }
  return ends;
}
