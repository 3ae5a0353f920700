/**
 * Makes the spans of what this daemon decides, and has them exported.
 *
 * Spans are made when an attempt or an operation has ended and the decision about that is durable. So no later daemon
 * makes them again. Without traces each call returns at once.
 */

import { waitsForApproval } from "../../../protocol/approval.js";
import type { WorkerEvent } from "../../../protocol/event.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { isFinal, type State } from "../../../protocol/state.js";
import { formatTraceparent, traceIdOf } from "../../../protocol/trace-context.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import type { Decision, Entry } from "../../store/decision.js";
import type { Change } from "../../store/ledger.js";
import { AttemptStages } from "./attempt-stages.js";
import { Exporter } from "./span-exporter.js";
import { attemptSpans, lastWait, operationSpan, rootSpan, type Span, spanError } from "./span-plan.js";
import type { TraceSettings } from "./trace-settings.js";

/** Ends an attempt, an operation or both. */
type EndDecision = Extract<Decision, { kind: "finished" | "requeued" }>;

interface TracingOptions {
  bus: Bus;
  /** An entry in memory. */
  find(id: string): Entry | undefined;
  /** Null: no traces. */
  settings: TraceSettings | null;
  /** Name of this host in a fleet; null: no fleet. */
  host: string | null;
  log: Log;
}

export class Tracing {
  readonly #stages = new AttemptStages();
  #exporter: Exporter | null = null;

  constructor(private readonly options: TracingOptions) {
    options.bus.on("decided", (...decided) => this.#decided(...decided));
    // Includes the events of other hosts: this host may take the operation over.
    options.bus.on("event", ({ record }, event) => {
      if (this.#exporter !== null && RECORDED.has(event.type)) this.#stages.add(record.id, event);
    });
  }

  /** Loads the SDK. Before this, and without traces, nothing is recorded. */
  async begin(): Promise<void> {
    const { settings, host, log } = this.options;
    if (settings === null) return;
    const library = await import("./traces.js");
    this.#exporter = new Exporter(library, {
      ...{ settings, host },
      onChange: (problem) => {
        if (problem === null) log.info({ url: settings.url }, "the collector takes spans again");
        else
          log.warn(
            { url: settings.url, reason: problem },
            "the collector does not take spans; they are dropped",
          );
      },
      onReport: (reason) => log.debug({ reason }, "the SDK of OpenTelemetry reports a problem"),
    });
  }

  async stop(): Promise<void> {
    await this.#exporter?.stop();
  }

  /** The flags of the trace of an operation; null: no traces. */
  isSampled(id: string): boolean | null {
    return this.#exporter?.isSampled(traceIdOf(id)) ?? null;
  }

  /** The root span of an operation as a header; null: no traces. */
  traceparentOf(id: string): string | null {
    const isSampled = this.isSampled(id);
    return isSampled === null ? null : formatTraceparent(rootSpan(id, isSampled));
  }

  /** @param isOwn this daemon made the decision, and so exports its spans */
  #decided(changes: readonly Change[], decision: Decision, isOwn: boolean): void {
    if (this.#exporter === null) return;
    if (decision.kind === "paused" || decision.kind === "cancelled") this.#mark(decision);
    for (const { id, before, after } of changes) {
      const isEnd = decision.kind === "finished" || decision.kind === "requeued";
      // The successor that a finish creates is new, and only ends where it is cancelled at once.
      if (isEnd && isOwn && after !== null && (before !== null || isFinal(after.state))) {
        const entry = this.options.find(id);
        if (entry && this.isSampled(id)) this.#add(decision, entry, before?.state);
      }
      if (isEnd || after === null) this.#stages.forget(id);
    }
  }

  /** What `liveopsd status` shows; null: no traces. */
  report(): DaemonReply["traces"] {
    const { settings } = this.options;
    const exporter = this.#exporter;
    if (settings === null || exporter === null) return null;
    const { counts, waiting, problem } = exporter;
    return { url: settings.url, exported: counts.exported, dropped: counts.dropped, waiting, problem };
  }

  /** The decision is made and holds, whatever happens here. */
  #add(decision: EndDecision, entry: Entry, before: State | undefined): void {
    try {
      for (const span of this.#spans(decision, entry, before)) this.#exporter!.add(span);
    } catch (error) {
      this.options.log.error(
        { err: error, id: entry.record.id },
        "the spans of an operation could not be made",
      );
    }
  }

  #spans(decision: EndDecision, entry: Entry, before: State | undefined): Span[] {
    const { id, attempt } = entry.record;
    const hasRun = before === "running";
    const read = hasRun ? this.#stages.take(id, attempt) : null;
    if (decision.kind === "requeued") {
      const { at, reason } = decision.event;
      if (waitsForApproval(entry.record) !== null)
        return attemptSpans(entry, read, { at, outcome: "requeued", error: null, reason });
      const error = spanError(read?.finished?.error) ?? { code: "LIVEOPS_WORKER_LOST", message: reason };
      return attemptSpans(entry, read, { at, outcome: "requeued", error, reason });
    }
    const { state, error } = entry.record;
    // The successor of a chain may have been cancelled by the same decision.
    const { at } = decision.id === id ? decision.event : entry.events.at(-1)!;
    const end = { at, error: spanError(error) };
    const root = operationSpan(entry, end, state as "failed");
    if (hasRun) return [...attemptSpans(entry, read, { ...end, outcome: state as "failed" }), root];
    return [lastWait(entry, at), root];
  }

  #mark({ id, event }: Extract<Decision, { kind: "paused" | "cancelled" }>): void {
    const { at } = event;
    if (event.type === "attempt:paused") this.#stages.mark(id, { name: "paused", at });
    else if (event.type === "attempt:resumed") this.#stages.mark(id, { name: "resumed", at });
    else this.#stages.mark(id, { name: event.reason === "cancel" ? "cancel requested" : "timed out", at });
  }
}

const RECORDED: ReadonlySet<WorkerEvent["type"]> = new Set([
  "attempt:accepted",
  "stage:entered",
  "stage:left",
  "attempt:finished",
] as const);
