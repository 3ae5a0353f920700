/** Which log lines `logs` prints: `--stage`, `--stream`, `--grep`. */
import { UsageError } from "../../protocol/command/failures.js";
import { withoutSequences } from "../../protocol/command/sgr.js";
import { nearest } from "../../protocol/nearest.js";
import type { LogLine, LogStream } from "../../protocol/operation.js";

const STREAMS = ["log", "stdout", "stderr", "liveops"] as const satisfies LogStream[];

export interface LogFilter {
  stage?: string | undefined;
  stream?: LogStream | undefined;
  grep?: RegExp | undefined;
}

interface FilterOptions {
  stage?: string;
  stream?: string;
  grep?: string;
  ignoreCase?: boolean;
}

/** @throws UsageError for an unknown stream, or text that is not a regular expression */
export function givenLogFilter({ stage, stream, grep, ignoreCase }: FilterOptions): LogFilter {
  if (ignoreCase && grep === undefined)
    throw new UsageError("--ignore-case needs --grep", "liveops logs --grep error --ignore-case");
  return { stage, stream: streamOf(stream), grep: patternOf(grep, ignoreCase === true) };
}

function streamOf(text: string | undefined): LogStream | undefined {
  if (text === undefined) return undefined;
  const stream = STREAMS.find((known) => known === text);
  if (stream) return stream;
  const [near] = nearest(text, STREAMS);
  throw new UsageError(
    `--stream: ${JSON.stringify(text)} is not a stream${near ? `; did you mean ${near}?` : ""}`,
    `streams: ${STREAMS.join(", ")}`,
  );
}

function patternOf(text: string | undefined, ignoreCase: boolean): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, ignoreCase ? "i" : "");
  } catch (error) {
    // The message begins with `Invalid regular expression: /text/: `.
    const why = (error as Error).message.split(": ").at(-1);
    throw new UsageError(
      `--grep: ${JSON.stringify(text)} is not a valid regular expression: ${why}`,
      "put a backslash before characters such as ( [ + ? * to search for them",
    );
  }
}

/** Whether the line passes the filter. A regular expression does not see the colours of a line. */
export function passes({ stage, stream, grep }: LogFilter, line: LogLine): boolean {
  return (
    (stage === undefined || line.stage === stage) &&
    (stream === undefined || line.stream === stream) &&
    (grep === undefined || grep.test(withoutSequences(line.text)))
  );
}
