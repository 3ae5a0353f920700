/**
 * The ids of traces and spans, and the header of W3C Trace Context.
 *
 * Ids are made from the operation's id and the number of the event that begins the span. So the daemon, its successor,
 * other hosts and the worker give a span the same id, and nothing has to keep it.
 */
import { createHash } from "node:crypto";

/** Bit of the trace flags: the spans of the trace are exported. */
const SAMPLED = 1;

export interface SpanReference {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  isSampled: boolean;
}

export function traceIdOf(operationId: string): string {
  return digest(operationId, 32);
}

/** @param seq number of the event that begins the span */
export function spanIdOf(operationId: string, seq: number, part = ""): string {
  return digest(`${operationId} ${seq}${part}`, 16);
}

function digest(text: string, digits: number): string {
  return createHash("sha256").update(`liveops ${text}`).digest("hex").slice(0, digits);
}

export function formatTraceparent({ traceId, spanId, isSampled }: SpanReference): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** Null where the text is not valid; a version of the header after 00 may have more parts. */
export function parseTraceparent(text: string): SpanReference | null {
  const match = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(text.trim());
  if (match === null) return null;
  const [, version, traceId, spanId, flags, more] = match as unknown as string[];
  if (version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return null;
  return { traceId: traceId!, spanId: spanId!, isSampled: (Number.parseInt(flags!, 16) & SAMPLED) !== 0 };
}
