/**
 * Sends a trace of each operation to a collector of OpenTelemetry.
 *
 * A run of the operation, from its submit to its end, is the root span. Each attempt of the run has a span for the wait
 * in the queue and one for the work, which has the stages, and these have their steps. A retry by a command begins
 * another run below the root. Ids are made from the events, so a daemon that takes over makes the same ones. Spans are
 * sent when the decision that ends an attempt or an operation is durable. So no later daemon sends them again.
 *
 * docs/operating.md has the names of the attributes, which are stable. Parameters, results, log lines, working directories
 * and variables are no attributes: they may hold secrets.
 */
import { hostname } from "node:os";
import { waitsForApproval } from "../../../protocol/approval.js";
import { isFinal } from "../../../protocol/state.js";
import { formatTraceparent, spanIdOf, traceIdOf } from "../../../protocol/trace-context.js";
import type { MakeFeature, Parts } from "../../compose.js";
import type { Feature, PutSample } from "../../feature.js";
import type { Decision, Entry } from "../../store/decision.js";
import { SUBMITTED, startedOf } from "../../store/entry-events.js";
import type { Change } from "../../store/ledger.js";
import { AttemptSpans, sendRun, sendWait } from "./attempt-spans.js";
import { type TraceSettings, traceSettingsFrom } from "./trace-settings.js";
import type { Exporter } from "./traces.js";

export const traces: MakeFeature = (parts) => {
  const { flags, config, env, fleet } = parts.settings;
  const collector = traceSettingsFrom(flags.traces ?? undefined, config.traces, env);
  if (collector === null) return { report: () => ({ traces: null }) };
  parts.daemonLog.addFields((id) => ({ trace: traceIdOf(id) }));
  return new Tracing(parts, collector, fleet?.host ?? hostname());
};

export class Tracing implements Feature {
  /** The spans of running attempts, by operation. */
  readonly #attempts = new Map<string, AttemptSpans>();
  /** `begin` makes it, before the first event and the first decision. */
  #exporter!: Exporter;

  constructor(
    private readonly parts: Pick<Parts, "bus" | "find" | "log">,
    private readonly settings: TraceSettings,
    private readonly host: string,
  ) {
    parts.bus.on("decided", (...decided) => this.#decided(...decided));
    // Includes the events of other hosts: this host may take the operation over.
    parts.bus.on("event", (entry, event) => {
      const attempt = this.#attemptOf(entry);
      if (attempt === null) return;
      attempt.add(event);
      this.#attempts.set(entry.record.id, attempt);
    });
  }

  /** Loads the SDK. */
  async begin(): Promise<void> {
    const { Exporter } = await import("./traces.js");
    this.#exporter = new Exporter(this.settings, this.host, this.parts.log);
  }

  /** After all that makes spans; also where the start failed before `begin`. */
  async end(): Promise<void> {
    await this.#exporter?.stop();
  }

  isTraced(id: string): boolean {
    return this.#exporter.isSampled(traceIdOf(id));
  }

  /** The root span of the operation as a header. */
  shownWhole(id: string) {
    const root = { traceId: traceIdOf(id), spanId: spanIdOf(id, SUBMITTED), isSampled: this.isTraced(id) };
    return { traceparent: formatTraceparent(root) };
  }

  report() {
    return { traces: this.#exporter.report };
  }

  sample(put: PutSample): void {
    const { exported, dropped } = this.#exporter.report;
    put("liveops_trace_spans_exported_total", {}, exported);
    for (const [reason, spans] of Object.entries(dropped))
      put("liveops_trace_spans_dropped_total", { reason }, spans);
  }

  /** @param isOwn - this daemon made the decision, and so sends its spans */
  #decided(changes: readonly Change[], decision: Decision, isOwn: boolean): void {
    if (decision.kind === "paused" || decision.kind === "cancelled")
      this.#attempts.get(decision.id)?.mark(decision);
    for (const { id, before, after } of changes) {
      const isEnd = decision.kind === "finished" || decision.kind === "requeued";
      const entry = this.parts.find(id);
      // The successor that a finish creates is new, and only ends where it is cancelled at once.
      if (isEnd && isOwn && entry && after !== null && (before !== null || isFinal(after.state)))
        this.#send(entry, before?.state === "running");
      if (isEnd || after === null) this.#attempts.delete(id);
    }
  }

  /** The decision is recorded already, so an error here is only logged. */
  #send(entry: Entry, hasRun: boolean): void {
    const { record, events } = entry;
    const { id, state, error } = record;
    if (!this.isTraced(id)) return;
    try {
      const last = events.at(-1)!;
      const attempt = hasRun ? this.#attemptOf(entry) : null;
      sendWait(this.#exporter, entry, attempt?.started ?? last);
      if (last.type === "attempt:requeued") attempt?.requeued(last, waitsForApproval(record) !== null);
      if (!isFinal(state)) return;
      attempt?.finished(last.at, state, error);
      sendRun(this.#exporter, entry, last.at);
    } catch (err) {
      this.parts.log.error({ err, id }, "the spans of an operation could not be made");
    }
  }

  /** Null: the operation is not traced. Runs at every event, so only the first one of an attempt hashes its id. */
  #attemptOf(entry: Entry): AttemptSpans | null {
    const { id } = entry.record;
    const started = startedOf(entry.events);
    const kept = this.#attempts.get(id);
    if (kept && kept.started.seq === started?.seq) return kept;
    return started && this.isTraced(id) ? new AttemptSpans(this.#exporter, entry, started) : null;
  }
}
