/** The durations and times of options. */

import { UsageError } from "../../protocol/failures.js";
import { parseDuration } from "../../protocol/text/duration.js";

/** Most days of a duration: a date that is further away has no ISO form of four digits in the year. */
const MOST_DAYS = 36_500;

/**
 * The seconds of an option.
 *
 * @param option - as it is typed, such as `--in`
 * @param forms - examples for the message
 * @throws UsageError where the text is not a duration, or a longer one than any option takes
 */
export function givenDuration(option: string, text: string, forms: string): number {
  const seconds = parseDuration(text);
  if (seconds === null)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not a duration; give ${forms}`);
  if (seconds <= MOST_DAYS * 86_400) return seconds;
  throw new UsageError(`${option}: ${JSON.stringify(text)} is longer than ${MOST_DAYS}d; give ${forms}`);
}

/**
 * The start of `--since`: a duration before now, or a time.
 *
 * @throws UsageError where the text is neither
 */
export function sinceFrom(text: string, now: number): number {
  if (parseDuration(text) !== null) return now - givenDuration("--since", text, "10m, 2h or 7d") * 1000;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new UsageError(
    `--since: ${JSON.stringify(text)} is neither a duration nor a time`,
    "give 10m, 2h or 7d, or a time such as 2026-11-25T18:00:00Z",
  );
}
