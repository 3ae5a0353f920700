/** The files of one attempt. */
import { join } from "node:path";

export const eventsFile = (dir: string) => join(dir, "events.ndjson");
export const logFile = (dir: string) => join(dir, "log.ndjson");
/** The older half of a log that reached its bound; what was before it is cut. */
export const olderLogFile = (dir: string) => join(dir, "log.1.ndjson");
/** Written by the daemon, seen by a busy worker: `{"reason":"cancel"|"timeout"}`. */
export const cancelFile = (dir: string) => join(dir, "cancel");
