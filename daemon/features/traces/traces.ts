/**
 * Gives spans to the SDK of OpenTelemetry, which sends them to the collector in batches. A bundle of its own, so that a
 * daemon without traces does not load the SDK.
 *
 * A bounded number of spans waits. A collector that is away, slow or silent costs spans, which are counted, and nothing
 * else: no caller waits, and `stop` has a deadline.
 */
import * as api from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import * as resources from "@opentelemetry/resources";
import * as sdk from "@opentelemetry/sdk-trace";
import type { Operation, OperationError } from "../../../protocol/operation.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { atMost } from "../../../protocol/system/until.js";
import { spanIdOf, traceIdOf } from "../../../protocol/trace-context.js";
import { VERSION } from "../../../protocol/version.js";
import type { Log } from "../../log/log.js";
import type { TraceSettings } from "./trace-settings.js";

/** Most characters of an attribute, such as the message of an error. */
const MOST_TEXT = 4096;
/** Batches that may be under way: at the stop, all that wait are sent at once. */
const MOST_REQUESTS = 8;
/** Milliseconds that the stop waits for the collector. */
const STOP_MS = 1000;

const { OK, ERROR, UNSET } = api.SpanStatusCode;
const STATUS: Partial<Record<string, api.SpanStatusCode>> = { succeeded: OK, done: OK, failed: ERROR };

/** The stack and the causes of an error stay on this machine. */
export type SpanError = Pick<OperationError, "code" | "message">;

/** How a span begins. */
interface Start {
  name: string;
  at: string;
  /** Number of the event that began it. */
  seq: number;
  part?: string;
  /** Number of the event that began its parent; null: the root. */
  parent: number | null;
  attributes: api.Attributes;
  links?: api.Link[];
}

export class Exporter {
  /** What `liveopsd status` shows. */
  readonly report: NonNullable<DaemonReply["traces"]>;
  /** The ids of the span that the SDK makes next. */
  #next = { traceId: "", spanId: "" };
  readonly #sampler: sdk.TraceIdRatioBasedSampler;
  readonly #provider: sdk.TracerProvider;

  /** @param host - for the resource */
  constructor(
    private readonly settings: TraceSettings,
    host: string,
    private readonly log: Log,
  ) {
    const { url, headers, ratio, queue, batch, delay } = settings;
    this.report = { url, exported: 0, dropped: { full: 0, refused: 0 }, waiting: 0, problem: null };
    const say = (...words: unknown[]) =>
      log.debug({ reason: words.join(" ") }, "the SDK of OpenTelemetry reports a problem");
    const logger = { error: say, warn: say, info: () => {}, debug: () => {}, verbose: () => {} };
    api.diag.setLogger(logger, { logLevel: api.DiagLogLevel.WARN });
    const collector = new OTLPTraceExporter({ url, headers, concurrencyLimit: MOST_REQUESTS });
    const batches = new sdk.BatchSpanProcessor({
      exporter: {
        export: (spans, done) =>
          collector.export(spans, (result) => {
            const { message } = result.error ?? { message: "the collector did not take the spans" };
            this.#sent(spans.length, result.code === 0 ? null : message);
            done(result);
          }),
        shutdown: () => collector.shutdown(),
      },
      maxQueueSize: queue,
      maxExportBatchSize: batch,
      scheduledDelayMillis: delay,
    });
    this.#sampler = new sdk.TraceIdRatioBasedSampler(ratio);
    this.#provider = new sdk.TracerProvider({
      resource: resourceOf(host),
      idGenerator: {
        generateTraceId: () => this.#next.traceId,
        generateSpanId: () => this.#next.spanId,
      },
      sampler: this.#sampler,
      spanLimits: { attributeValueLengthLimit: MOST_TEXT },
      spanProcessors: [batches],
    });
  }

  isSampled(traceId: string): boolean {
    const { decision } = this.#sampler.shouldSample(api.ROOT_CONTEXT, traceId);
    return decision === sdk.SamplingDecision.RECORD_AND_SAMPLED;
  }

  begin({ id, op }: Operation, { name, seq, part, at, parent, attributes, links = [] }: Start): api.Span {
    const traceId = traceIdOf(id);
    const spanId = parent === null ? "" : spanIdOf(id, parent);
    // Without a valid span id as its parent, the span is the root.
    const within = { traceId, spanId, traceFlags: api.TraceFlags.SAMPLED };
    const all = { "liveops.operation.id": id, "liveops.operation.type": op, ...attributes };
    const tracer = this.#provider.getTracer("liveops", VERSION);
    this.#next = { traceId, spanId: spanIdOf(id, seq, part) };
    return tracer.startSpan(
      name,
      { startTime: new Date(at), attributes: all, links },
      api.trace.setSpanContext(api.ROOT_CONTEXT, within),
    );
  }

  /** Has the span sent. The SDK drops silently what does not fit; here it is counted. */
  end(span: api.Span, at: string, state: string, error: SpanError | null): void {
    if (this.report.waiting >= this.settings.queue) {
      this.report.dropped.full++;
      return;
    }
    this.report.waiting++;
    const end = new Date(at);
    const { code, message = "" } = error ?? {};
    if (code !== undefined) span.setAttribute("error.type", code).recordException({ code, message }, end);
    span.setStatus({ code: STATUS[state] ?? UNSET, message: message.slice(0, MOST_TEXT) });
    span.end(end);
  }

  /** Sends what waits. A collector that did not answer before gets no time. */
  async stop(): Promise<void> {
    const ended = this.#provider.shutdown().catch(() => {});
    if (this.report.problem === null && this.report.waiting > 0) await atMost(STOP_MS, ended);
  }

  #sent(spans: number, reason: string | null): void {
    const { report, log } = this;
    const { url, problem, dropped } = report;
    report.waiting -= spans;
    report.problem = reason;
    if (reason === null) report.exported += spans;
    else dropped.refused += spans;
    if (problem !== null && reason === null) log.info({ url }, "the collector takes spans again");
    if (problem === null && reason !== null)
      log.warn({ url, reason }, "the collector does not take spans; they are dropped");
  }
}

function resourceOf(host: string) {
  const ours = resources.resourceFromAttributes({
    "service.name": "liveops",
    "service.version": VERSION,
    "service.instance.id": host,
    "host.name": host,
  });
  const detectors = [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector];
  return resources.defaultResource().merge(ours).merge(resources.detectResources({ detectors }));
}
