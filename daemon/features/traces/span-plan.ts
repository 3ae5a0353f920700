/**
 * The spans of an operation, made of its events. Pure: the same events make the same spans, with the same ids.
 *
 * A run of the operation, from its submit to its end, is the root span. Each attempt of the run has a span for the wait
 * in the queue and one for the work, which has the stages, and these have their steps. A retry by a command begins another run below the root.
 */

import type { OperationError } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import {
  parseTraceparent,
  type SpanReference,
  spanIdOf,
  traceIdOf,
} from "../../../protocol/trace-context.js";
import type { Entry, KeptEvent } from "../../store/decision.js";
import { SUBMITTED, startedOf } from "../../store/entry-events.js";
import type { AttemptEvents, Mark, StageRun, StepRun } from "./attempt-stages.js";
import { type Attributes, attributesOf } from "./attributes.js";

export interface Link {
  to: Pick<SpanReference, "traceId" | "spanId">;
  kind: "chain" | "after" | "again" | "submit";
}

export interface Span {
  name: string;
  traceId: string;
  spanId: string;
  /** Null: the root. */
  parentId: string | null;
  /** ISO 8601. */
  from: string;
  to: string;
  attributes: Attributes;
  status: "ok" | "error" | "unset";
  /** Recorded as an exception. */
  error: Pick<OperationError, "code" | "message"> | null;
  events: readonly Mark[];
  links: Link[];
}

/** Code and message of an error: its stack and causes stay on this machine. */
export function spanError(error: OperationError | null | undefined): Span["error"] {
  return error ? { code: error.code, message: error.message } : null;
}

/** How an attempt ended: by the end of the operation, or queued again. */
export interface AttemptEnd {
  at: string;
  outcome: FinalState | "requeued";
  error: Pick<OperationError, "code" | "message"> | null;
  reason?: string;
}

/** The root span of an operation: that of its submit. */
export function rootSpan(id: string, isSampled: boolean): SpanReference {
  return { traceId: traceIdOf(id), spanId: spanIdOf(id, SUBMITTED), isSampled };
}

/**
 * The spans of an attempt that has ended.
 *
 * @param read the events of the worker; null: none were read here
 */
export function attemptSpans(entry: Entry, read: AttemptEvents | null, end: AttemptEnd): Span[] {
  const { id } = entry.record;
  const started = startedOf(entry.events);
  if (started === undefined) return [];
  const before = entry.events.slice(0, entry.events.indexOf(started));
  const run = beginOf(before);
  const spanId = spanIdOf(id, started.seq);
  const attempt: Span = {
    ...{ name: "attempt", spanId, from: started.at, links: [] },
    ...{ traceId: traceIdOf(id), parentId: spanIdOf(id, run.seq) },
    to: read?.finished?.at ?? end.at,
    attributes: {
      ...attributesOf("attempt", entry.record),
      "liveops.attempt.number": started.attempt,
      "liveops.attempt.outcome": end.outcome,
      "liveops.attempt.reason": end.reason,
      "liveops.attempt.slot": started.slot,
      "liveops.attempt.stages_not_exported": read?.notKept || undefined,
      "process.pid": read?.pid ?? undefined,
      "host.name": started.host,
    },
    status: end.error !== null ? "error" : end.outcome === "succeeded" ? "ok" : "unset",
    error: end.error,
    events: read?.marks ?? [],
  };
  const stages = (read?.stages ?? []).flatMap((stage) => {
    const span = stageSpan(attempt, stage, entry);
    return [span, ...stage.steps.map((step) => stepSpan(span, step, entry))];
  });
  return [queueSpan(entry, before, started), attempt, ...stages];
}

/** The span of a run of the operation, at its end. */
export function operationSpan(entry: Entry, end: Omit<AttemptEnd, "outcome">, state: FinalState): Span {
  const { record, events } = entry;
  const { id, op } = record;
  const run = beginOf(events);
  const retries = events.filter(({ type }) => type === "operation:retried").length;
  return {
    ...{ name: op, traceId: traceIdOf(id), spanId: spanIdOf(id, run.seq) },
    parentId: retries === 0 ? null : spanIdOf(id, SUBMITTED),
    ...{ from: run.at, to: end.at },
    attributes: {
      ...attributesOf("operation", record),
      "liveops.operation.state": state,
      "liveops.operation.retries": retries || undefined,
    },
    status: state === "failed" ? "error" : state === "succeeded" ? "ok" : "unset",
    error: end.error,
    events: [],
    links: retries === 0 ? linksOf(entry) : [],
  };
}

/** The wait of an operation that ended in the queue. */
export function lastWait(entry: Entry, at: string): Span {
  return queueSpan(entry, entry.events.slice(0, -1), { at, seq: entry.record.seq });
}

/** From the event that queued the operation to its start. Its id is that of the event that ends it. */
function queueSpan(entry: Entry, before: KeptEvent[], { at, seq }: { at: string; seq: number }): Span {
  const { id } = entry.record;
  const queued = before.findLast(
    ({ type }) =>
      type === "attempt:requeued" || type === "operation:retried" || type === "operation:submitted",
  );
  return {
    ...{ name: "queue", traceId: traceIdOf(id), spanId: spanIdOf(id, seq, " queue") },
    parentId: spanIdOf(id, beginOf(before).seq),
    ...{ from: queued?.at ?? at, to: at },
    attributes: attributesOf("queue", entry.record),
    ...{ status: "unset", error: null, events: [], links: [] },
  };
}

function stageSpan(attempt: Span, { entered, left, within }: StageRun, { record }: Entry): Span {
  const { id } = record;
  const { stage, index } = entered;
  // A stage that did not end has ended with its attempt.
  const asks = attempt.attributes["liveops.attempt.outcome"] === "requeued" && attempt.error === null;
  const isCancelled = attempt.attributes["liveops.attempt.outcome"] === "cancelled";
  const state = left?.state ?? (asks ? "active" : isCancelled ? "cancelled" : "failed");
  return {
    name: stage,
    traceId: attempt.traceId,
    spanId: spanIdOf(id, entered.seq),
    parentId: within === null ? attempt.spanId : spanIdOf(id, within),
    ...{ from: entered.at, to: left?.at ?? attempt.to },
    attributes: {
      ...attributesOf("stage", record),
      "liveops.attempt.number": entered.attempt,
      "liveops.stage.name": stage,
      "liveops.stage.index": index ?? undefined,
      "liveops.stage.state": state,
      "liveops.stage.resumed": left?.resumed || undefined,
      "liveops.stage.reason": left?.reason,
    },
    status: state === "failed" ? "error" : state === "done" ? "ok" : "unset",
    error: spanError(left?.error) ?? (state === "failed" ? attempt.error : null),
    ...{ events: [], links: [] },
  };
}

function stepSpan(stage: Span, { entered, finished }: StepRun, { record }: Entry): Span {
  const { step } = entered;
  // A step that did not end has ended with its stage.
  const state = finished?.state ?? "ended";
  return {
    name: step,
    traceId: stage.traceId,
    spanId: spanIdOf(record.id, entered.seq),
    parentId: stage.spanId,
    ...{ from: entered.at, to: finished?.at ?? stage.to },
    attributes: {
      ...attributesOf("step", record),
      "liveops.attempt.number": entered.attempt,
      "liveops.stage.name": entered.stage,
      "liveops.step.name": step,
      "liveops.step.state": state,
      "liveops.step.resumed": finished?.resumed || undefined,
      "liveops.step.reason": finished?.reason,
      "process.exit.code": finished?.exitCode,
    },
    status: state === "failed" ? "error" : state === "done" ? "ok" : "unset",
    error: spanError(finished?.error),
    ...{ events: [], links: [] },
  };
}

/** The event that began the run: the submit, or the last retry. */
function beginOf(events: readonly KeptEvent[]): Pick<KeptEvent, "seq" | "at"> {
  const retried = events.findLast(({ type }) => type === "operation:retried");
  return (
    retried ??
    events.find(({ type }) => type === "operation:submitted") ?? { seq: SUBMITTED, at: events[0]!.at }
  );
}

/** An operation links to what was before it. What comes after it is not known when its spans are sent. */
function linksOf({ record, env }: Entry): Link[] {
  const { chain, after = [], afterAny = [], againOf } = record;
  const linkTo = (kind: Link["kind"]) => (id: string) => ({ kind, to: rootSpan(id, true) });
  const submitted =
    chain.index === 0 && againOf === undefined ? parseTraceparent(env.TRACEPARENT ?? "") : null;
  return [
    ...(chain.previous === null ? [] : [linkTo("chain")(chain.previous)]),
    ...[...after, ...afterAny].map(linkTo("after")),
    ...(againOf === undefined ? [] : [linkTo("again")(againOf)]),
    ...(submitted === null ? [] : [{ kind: "submit" as const, to: submitted }]),
  ];
}
