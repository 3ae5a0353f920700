/** Which lines of a log are shown: those of a stage, of a stream, or all. */
import type { LogLine, LogStream } from "../../../protocol/operation.js";

export interface LogFilter {
  readonly stage: string | null;
  readonly stream: LogStream | null;
}

export const WHOLE_LOG: LogFilter = { stage: null, stream: null };

export function passes(filter: LogFilter, line: LogLine): boolean {
  return (
    (filter.stage === null || line.stage === filter.stage) &&
    (filter.stream === null || line.stream === filter.stream)
  );
}

export function sameFilter(a: LogFilter, b: LogFilter): boolean {
  return a.stage === b.stage && a.stream === b.stream;
}

export function isFiltered(filter: LogFilter): boolean {
  return filter.stage !== null || filter.stream !== null;
}
