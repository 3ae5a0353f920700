/**
 * The daemon's own events of an operation, as its entry keeps them: an event does not repeat a
 * value of the record.
 *
 * The record has the parameters of the submission. While the operation is finished, the record also
 * has the result, its text and the error of the last event.
 */
import { eventEnd, withoutEnd } from "../../protocol/end-values.js";
import type { DaemonEvent, SubmissionSource } from "../../protocol/event.js";
import type { Operation } from "../../protocol/operation.js";
import type { Entry, KeptEvent } from "./decision.js";

type Submitted = Extract<DaemonEvent, { type: "operation:submitted" }>;
type Finished = Extract<DaemonEvent, { type: "operation:finished" }>;

/** The submission event without its parameters. */
export function keptSubmission(event: Submitted): KeptEvent {
  const { params: _, ...operation } = event.operation;
  return { ...event, operation };
}

/**
 * The finish event without its result and error.
 *
 * @param record - the record after the event
 */
export function keptFinish(event: Finished, record: Operation): KeptEvent {
  // An event that changed nothing keeps its own values.
  if (record.seq !== event.seq) return event;
  return withoutEnd(event);
}

/** The complete events of an entry. */
export function eventsOf({ record, events }: Pick<Entry, "record" | "events">): DaemonEvent[] {
  return events.map((event): DaemonEvent => {
    if (event.type === "operation:submitted")
      return { ...event, operation: { params: record.params, ...event.operation } };
    if (event.type === "operation:finished" && !("result" in event))
      return { ...event, ...eventEnd(record) };
    return event;
  });
}

/**
 * The events to keep when a retry clears the record's result and error: the finish event gets them
 * back.
 */
export function keptBeforeRetry({ record, events }: Pick<Entry, "record" | "events">): KeptEvent[] {
  return events.map((event) =>
    event.type === "operation:finished" && !("result" in event)
      ? { ...event, ...eventEnd(record) }
      : event,
  );
}

/**
 * The events to keep when a retry replaces the record's parameters: the submission gets its own
 * back.
 */
export function keptBeforeEdit({ record, events }: Pick<Entry, "record" | "events">): KeptEvent[] {
  const { params } = record;
  return events.map((event) =>
    event.type === "operation:submitted"
      ? { ...event, operation: { params, ...event.operation } }
      : event,
  );
}

/** Number of `operation:submitted`, the first event of each operation. */
export const SUBMITTED = 1;

/**
 * The pipeline file of the submit, or of the last retry that changed it; null: the type is no
 * pipeline.
 */
export function sourceOf({ events }: Pick<Entry, "events">): SubmissionSource | null {
  for (const event of events.toReversed()) {
    if (event.type === "operation:edited" && event.changes.source) return event.changes.source;
    if (event.type === "operation:submitted") return event.operation.source ?? null;
  }
  return null;
}
