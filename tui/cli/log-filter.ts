/** Which log lines `logs` prints: `--stage`, `--stream`, `--grep`, `--attempt`, `--since`. */
import type { LineFilter } from "../../protocol/client/log-lines.js";
import { UsageError } from "../../protocol/failures.js";
import type { LogStream } from "../../protocol/operation.js";
import { nearest } from "../../protocol/text/nearest.js";
import { sinceFrom } from "../kit/given-duration.js";

const STREAMS = ["log", "stdout", "stderr", "liveops"] as const satisfies LogStream[];

interface FilterOptions {
  stage?: string;
  stream?: string;
  grep?: string;
  ignoreCase?: boolean;
  attempt?: string;
  since?: string;
}

/** @throws UsageError for an unknown stream, a wrong attempt or time, or text that is not a regular expression */
export function givenLogFilter(
  { stage, stream, grep, ignoreCase, attempt, since }: FilterOptions,
  now: number,
): LineFilter {
  if (ignoreCase && grep === undefined)
    throw new UsageError("--ignore-case needs --grep", "liveops logs --grep error --ignore-case");
  return {
    stage,
    stream: streamOf(stream),
    grep: patternOf(grep, ignoreCase === true),
    attempt: attemptOf(attempt),
    since: since === undefined ? undefined : sinceFrom(since, now),
  };
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

function attemptOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--attempt: ${JSON.stringify(text)} is not the number of an attempt; give 1 or more`);
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
