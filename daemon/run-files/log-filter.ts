/** Which lines of a log are wanted, and a quicker question that spares most of the others from being parsed. */
import type { LogLine, LogStream } from "../../protocol/operation.js";

export interface LogFilter {
  /** Text in the line, case-insensitive. */
  match?: string | undefined;
  stage?: string | undefined;
  stream?: LogStream | undefined;
}

export function isFiltered({ match, stage, stream }: LogFilter): boolean {
  return Boolean(match) || stage !== undefined || stream !== undefined;
}

export function matcher(filter: LogFilter): (line: LogLine) => boolean {
  const match = filter.match?.toLowerCase();
  return (line) =>
    (match === undefined || line.text.toLowerCase().includes(match)) &&
    (filter.stage === undefined || line.stage === filter.stage) &&
    (filter.stream === undefined || line.stream === filter.stream);
}

/** Printable ASCII that stands in JSON as it is. */
const AS_IT_IS = /^[ !#-[\]-~]+$/;

/** Whether a line, as it stands in the file, may be wanted: never false where it is. */
export function sieve({ match, stage, stream }: LogFilter): (stored: string) => boolean {
  const text = match && AS_IT_IS.test(match) ? match.toLowerCase() : "";
  const keys = [
    ...(stage === undefined ? [] : [`"stage":${JSON.stringify(stage)}`]),
    ...(stream === undefined ? [] : [`"stream":"${stream}"`]),
  ];
  return (stored) =>
    keys.every((key) => stored.includes(key)) && (text === "" || stored.toLowerCase().includes(text));
}
