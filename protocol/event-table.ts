/** The events as docs/protocol.md shows them: who writes each, its own keys, and what happened. */
import type { DaemonFact, Fact, FactType } from "./fact.js";

/** The keys of an event beside those that every event has. */
type OwnKeys<T extends FactType> = Exclude<
  keyof Extract<Fact, { type: T }>,
  "type" | "seq" | "at" | "attempt"
>;

interface EventText<T extends FactType> {
  writer: T extends DaemonFact["type"] ? "daemon" : "worker";
  /** Those that clients see. */
  keys: ReadonlyArray<OwnKeys<T>>;
  /** In Markdown. */
  meaning: string;
}

/** In the order of a life. */
export const EVENTS: { readonly [T in FactType]: EventText<T> } = {
  "operation:submitted": {
    writer: "daemon",
    keys: ["operation"],
    meaning: "The operation was submitted and is queued",
  },
  "attempt:started": { writer: "daemon", keys: [], meaning: "A worker was given the operation" },
  "attempt:accepted": {
    writer: "worker",
    keys: ["pid"],
    meaning: "The worker accepted the operation; the attempt counts from here",
  },
  "stages:declared": {
    writer: "worker",
    keys: ["title", "stages"],
    meaning: "The type was edited after the submit; its current stages",
  },
  "stage:entered": {
    writer: "worker",
    keys: ["stage", "index"],
    meaning: "A stage began; `index` is null for an untracked stage",
  },
  "stage:left": {
    writer: "worker",
    keys: ["stage", "index", "state", "resumed", "seconds"],
    meaning: "A stage ended; `state` is `done`, `failed` or `cancelled`",
  },
  "progress:changed": {
    writer: "worker",
    keys: ["percent", "progress"],
    meaning: "The progress bar changed",
  },
  "status:changed": { writer: "worker", keys: ["status"], meaning: "The status line changed" },
  "records:dropped": {
    writer: "worker",
    keys: ["count"],
    meaning: "Log lines and progress were lost because the disk was full",
  },
  "attempt:finished": {
    writer: "worker",
    keys: ["state", "result", "error", "next", "seconds"],
    meaning: "The attempt ended with this outcome",
  },
  "attempt:requeued": {
    writer: "daemon",
    keys: ["reason", "retryAt"],
    meaning: "The operation was queued again: the worker died, or the type retries",
  },
  "operation:settled": {
    writer: "daemon",
    keys: ["state", "result", "error", "next"],
    meaning: "The operation is finished; `next` is the id of the next operation of the chain",
  },
  "operation:retried": {
    writer: "daemon",
    keys: ["from"],
    meaning: "A retry was requested; the operation is queued again",
  },
  "cancel:requested": {
    writer: "daemon",
    keys: ["reason"],
    meaning: "A stop was requested; `reason` is `cancel` or `timeout`",
  },
};
