/**
 * `TRACEPARENT` of an attempt: a program that is instrumented with OpenTelemetry joins the span of the running stage.
 *
 * The daemon makes the span from the same event, with the same id.
 */
import { formatTraceparent, spanIdOf, traceIdOf } from "../../protocol/trace-context.js";

export class TraceVariable {
  /** @param start number of the event that began the attempt */
  constructor(
    private readonly operationId: string,
    private readonly start: number,
    private readonly isSampled: boolean,
  ) {}

  /** @param stage number of the event that entered the running stage; null: no stage runs */
  set(stage: number | null): void {
    const { operationId, isSampled } = this;
    const spanId = spanIdOf(operationId, stage ?? this.start);
    process.env.TRACEPARENT = formatTraceparent({ traceId: traceIdOf(operationId), spanId, isSampled });
    // That of the submit belongs to another trace.
    delete process.env.TRACESTATE;
  }
}
