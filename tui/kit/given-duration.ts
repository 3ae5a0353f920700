/** The durations of options. */

import { UsageError } from "../../protocol/failures.js";
import { parseDuration } from "../../protocol/text/duration.js";

/**
 * Most days of a duration: a date that is further away has no ISO form of four digits in the year.
 */
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
  throw new UsageError(
    `${option}: ${JSON.stringify(text)} is longer than ${MOST_DAYS}d; give ${forms}`,
  );
}
