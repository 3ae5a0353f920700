/**
 * What a submit says of the start of its operation: the time it waits for, or when its turn is
 * expected.
 */
import { waitsForApproval } from "../../../protocol/approval.js";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ForecastReply } from "../../../protocol/replies.js";
import { laterStart } from "../../../protocol/start-time.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { formatLocalTime } from "../../kit/output/local-time.js";
import { formatDuration } from "../../terminal/format.js";
import { formatLeft } from "../../terminal/time-left.js";

/** Null: the operation starts at once, or nothing is known. */
export async function startNote(client: Client, operation: Operation): Promise<string | null> {
  if (operation.state !== "queued") return null;
  // Without a forecast the operation is still submitted.
  const forecast =
    laterStart(operation, client.now()) !== null ? null : await client.forecast().catch(() => null);
  return startText(operation, forecast, client.now());
}

/** Pure. */
export function startText(
  operation: Operation,
  forecast: ForecastReply | null,
  now: number,
): string | null {
  const { id, queue, waitsFor, blocked, queuePosition } = operation;
  const name = queue === "default" ? "" : ` of ${sanitize(queue)}`;
  const later = laterStart(operation, now);
  if (later !== null)
    return `starts at ${formatLocalTime(new Date(later))}, in ${formatDuration(Math.round((later - now) / 1000))}`;
  const expected = forecast?.operations[id];
  const startsAt = expected?.startsAt ? Date.parse(expected.startsAt) : null;
  const endsAt = expected?.endsAt ? Date.parse(expected.endsAt) : null;
  const inTime = (at: number) => formatLeft((at - now) / 1000);
  const starts = startsAt === null ? "" : `; starts in about ${inTime(startsAt)}`;
  const ends = endsAt === null ? "" : `, ends in about ${inTime(endsAt)}`;
  if (waitsFor !== null) return `waits for ${listed(waitsFor)}${starts}${ends}`;
  const open = waitsForApproval(operation);
  if (open !== null) return `waits for approval: ${sanitize(open.question)}`;
  if (blocked !== null) return `waits: ${sanitize(blocked.reason)}`;
  if (queuePosition === null) return null;
  // The forecast says that the operation starts at once.
  if (queuePosition === 1 && startsAt !== null && startsAt - now < 1000) return null;
  return `number ${queuePosition} in the queue${name}${starts}${ends}`;
}

function listed(ids: readonly string[]): string {
  return ids.length <= 3
    ? ids.join(", ")
    : `${ids.slice(0, 3).join(", ")} and ${ids.length - 3} more`;
}
