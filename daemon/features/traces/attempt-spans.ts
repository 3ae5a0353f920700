/** The spans of an attempt: of its wait in the queue, its stages and its steps; at its end also that of the operation. */
import type { Link, Span } from "@opentelemetry/api";
import type { WorkerEvent } from "../../../protocol/event.js";
import type { Operation, OperationError } from "../../../protocol/operation.js";
import type { FinalState } from "../../../protocol/state.js";
import { parseTraceparent, spanIdOf, traceIdOf } from "../../../protocol/trace-context.js";
import type { Decision, Entry, KeptEvent } from "../../store/decision.js";
import { SUBMITTED } from "../../store/entry-events.js";
import type { Exporter, SpanError } from "./traces.js";

/** Most stages and steps of an attempt that become spans: an operation may enter stages in a loop. */
const MOST_BLOCKS = 1000;

/** Events of the span of an attempt. */
const MARKS = {
  "attempt:paused": "paused",
  "attempt:resumed": "resumed",
  cancel: "cancel requested",
  timeout: "timed out",
};

type Begun = Extract<WorkerEvent, { type: "stage:entered" | "step:entered" }>;
type Ended = Extract<WorkerEvent, { type: "stage:left" | "step:finished" }>;
type Started = Extract<KeptEvent, { type: "attempt:started" }>;

/** A stage or a step. */
interface Block {
  stage: string;
  step: string | null;
  /** Number of the event that began it. */
  seq: number;
  span: Span;
  /** The stage that it runs in; undefined: the attempt itself. */
  within: Block | undefined;
  /** Null: the attempt ended within it. */
  ended: Pick<Ended, "at" | "state" | "error"> | null;
}

export class AttemptSpans {
  readonly #record: Operation;
  readonly #span: Span;
  readonly #blocks: Block[] = [];
  /** Stages and steps that have no span. */
  #notExported = 0;
  /** Null: the worker wrote no outcome. */
  #outcome: { at: string; error: OperationError | null } | null = null;
  #seq = 0;

  constructor(
    private readonly exporter: Exporter,
    { record, events }: Entry,
    readonly started: Started,
  ) {
    this.#record = record;
    const { seq, at, attempt, slot, host } = started;
    const parent = beginOf(events).seq;
    const attributes = { "liveops.attempt.number": attempt, "liveops.attempt.slot": slot, "host.name": host };
    this.#span = exporter.begin(record, { name: "attempt", seq, at, parent, attributes });
  }

  /** Events come in order; one that comes again changes nothing. */
  add(event: WorkerEvent): void {
    if (event.seq <= this.#seq) return;
    this.#seq = event.seq;
    if (event.type === "attempt:accepted") this.#span.setAttribute("process.pid", event.pid);
    if (event.type === "attempt:finished") this.#outcome ??= { at: event.at, error: event.error };
    if (event.type === "stage:entered" || event.type === "step:entered") this.#begin(event);
    if (event.type === "stage:left" || event.type === "step:finished") this.#end(event);
  }

  /** Notes what the daemon decided about the attempt. */
  mark({ event }: Extract<Decision, { kind: "paused" | "cancelled" }>): void {
    const cause = event.type === "cancel:requested" ? event.reason : event.type;
    this.#span.addEvent(MARKS[cause], new Date(event.at));
  }

  /** The attempt ended, and the operation is queued again. */
  requeued({ at, reason }: { at: string; reason: string }, isQuestion: boolean): void {
    const lost = { code: "LIVEOPS_WORKER_LOST", message: reason };
    this.#span.setAttribute("liveops.attempt.reason", reason);
    this.finished(at, "requeued", isQuestion ? null : (this.#outcome?.error ?? lost));
  }

  finished(decidedAt: string, outcome: FinalState | "requeued", error: SpanError | null): void {
    const at = this.#outcome?.at ?? decidedAt;
    this.#span.setAttributes({
      "liveops.attempt.outcome": outcome,
      "liveops.attempt.stages_not_exported": this.#notExported || undefined,
    });
    this.exporter.end(this.#span, at, error === null ? outcome : "failed", error);
    for (const { span, step, within, ended } of this.#blocks) {
      const isStep = step !== null;
      const state = ended?.state ?? (isStep ? "ended" : stateAtEnd(outcome, error));
      span.setAttribute(isStep ? "liveops.step.state" : "liveops.stage.state", state);
      const cause = !isStep && state === "failed" ? error : null;
      this.exporter.end(span, ended?.at ?? within?.ended?.at ?? at, state, ended?.error ?? cause);
    }
  }

  #begin(event: Begun): void {
    const { stage, attempt, seq, at } = event;
    if (this.#blocks.length >= MOST_BLOCKS) {
      this.#notExported++;
      return;
    }
    const step = event.type === "step:entered" ? event.step : null;
    const within = this.#blocks.findLast(
      (block) => !block.ended && block.step === null && (step === null || block.stage === stage),
    );
    const own =
      event.type === "step:entered"
        ? { "liveops.step.name": event.step }
        : { "liveops.stage.index": event.index ?? undefined };
    const attributes = { "liveops.attempt.number": attempt, "liveops.stage.name": stage, ...own };
    const parent = within?.seq ?? this.started.seq;
    const span = this.exporter.begin(this.#record, { name: step ?? stage, seq, at, parent, attributes });
    this.#blocks.push({ stage, step, seq, span, within, ended: null });
  }

  #end(event: Ended): void {
    const { at, state, resumed, reason, error } = event;
    const step = event.type === "step:finished" ? event.step : null;
    const block = this.#blocks.findLast(
      (block) => !block.ended && block.stage === event.stage && block.step === step,
    );
    if (!block) return;
    block.ended = { at, state, error };
    const own =
      event.type === "step:finished"
        ? {
            "liveops.step.resumed": resumed || undefined,
            "liveops.step.reason": reason,
            "process.exit.code": event.exitCode,
          }
        : { "liveops.stage.resumed": resumed || undefined, "liveops.stage.reason": reason };
    block.span.setAttributes(own);
  }
}

/** Sends the wait in the queue. Its id is that of the event that ends it. */
export function sendWait(exporter: Exporter, { record, events }: Entry, { at, seq }: KeptEvent): void {
  const queued = events.findLast(
    (event) => event.seq < seq && (event.type === "attempt:requeued" || BEGINS.has(event.type)),
  );
  const times = { seq, part: " queue", at: queued?.at ?? at, parent: beginOf(events).seq };
  const attributes = { "liveops.queue.name": record.queue };
  exporter.end(exporter.begin(record, { name: "queue", ...times, attributes }), at, "queued", null);
}

/** Sends the run of the operation, which has ended. */
export function sendRun(exporter: Exporter, entry: Entry, at: string): void {
  const { record, events } = entry;
  const { state, error, chain, tags } = record;
  const retries = events.filter(({ type }) => type === "operation:retried").length;
  const isFirst = retries === 0;
  const attributes = {
    "liveops.operation.label": record.label ?? undefined,
    "liveops.operation.state": state,
    "liveops.operation.attempts": record.attempt,
    "liveops.operation.retries": retries || undefined,
    "liveops.operation.priority": record.priority,
    "liveops.operation.tags": tags?.length ? [...tags] : undefined,
    "liveops.chain.id": chain.id,
    "liveops.chain.index": chain.index,
    "liveops.schedule.name": record.schedule,
    "liveops.queue.name": record.queue,
  };
  const links = isFirst ? linksOf(entry) : [];
  const parent = isFirst ? null : SUBMITTED;
  const start = { ...beginOf(events), name: record.op, parent, attributes, links };
  exporter.end(exporter.begin(record, start), at, state, error);
}

const BEGINS: ReadonlySet<KeptEvent["type"]> = new Set(["operation:submitted", "operation:retried"] as const);

/** The event that began the run: the submit, or the last retry. */
function beginOf(events: readonly KeptEvent[]): Pick<KeptEvent, "seq" | "at"> {
  const { seq, at } = events.findLast(({ type }) => BEGINS.has(type)) ?? {
    seq: SUBMITTED,
    at: events[0]!.at,
  };
  return { seq, at };
}

/** The state of a stage in which its attempt ended. */
function stateAtEnd(outcome: string, error: SpanError | null): string {
  if (outcome === "requeued" && error === null) return "active";
  return outcome === "cancelled" ? "cancelled" : "failed";
}

/** An operation links to what was before it. What comes after it is not known when its spans are sent. */
function linksOf({ record, env }: Entry): Link[] {
  const { chain, after = [], afterAny = [], againOf } = record;
  const link = (kind: string, traceId: string, spanId: string) => ({
    // 1: the spans of the trace are sent.
    context: { traceId, spanId, traceFlags: 1, isRemote: true },
    attributes: { "liveops.link.kind": kind },
  });
  const linkTo = (kind: string) => (id: string) => link(kind, traceIdOf(id), spanIdOf(id, SUBMITTED));
  const isFirst = chain.index === 0 && againOf === undefined;
  const submitted = isFirst ? parseTraceparent(env.TRACEPARENT ?? "") : null;
  return [
    ...(chain.previous === null ? [] : [chain.previous]).map(linkTo("chain")),
    ...[...after, ...afterAny].map(linkTo("after")),
    ...(againOf === undefined ? [] : [againOf]).map(linkTo("again")),
    ...(submitted === null ? [] : [link("submit", submitted.traceId, submitted.spanId)]),
  ];
}
