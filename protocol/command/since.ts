/** `--since`: a duration up to now, or a time. */
import { parseDuration } from "../duration.js";
import { UsageError } from "./failures.js";

/**
 * The start of `--since`: a duration before now, or a time.
 *
 * @throws UsageError where the text is neither
 */
export function sinceFrom(text: string, now: number): number {
  const seconds = parseDuration(text);
  if (seconds !== null) return now - seconds * 1000;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new UsageError(
    `--since: ${JSON.stringify(text)} is neither a duration nor a time`,
    "give 10m, 2h or 7d, or a time such as 2026-11-25T18:00:00Z",
  );
}
