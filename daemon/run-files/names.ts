/** The files of one attempt. */
import { join } from "node:path";

export const EVENTS = "events.ndjson";
export const LOG = "log.ndjson";
export const eventsFile = (dir: string) => join(dir, EVENTS);
export const logFile = (dir: string) => join(dir, LOG);
/** The older half of a log that reached its bound; what was before it is cut. */
export const olderLogFile = (dir: string) => join(dir, "log.1.ndjson");
/** Written by the daemon, seen by a busy worker: `{"reason":"cancel"|"timeout"}`. */
export const cancelFile = (dir: string) => join(dir, "cancel");
