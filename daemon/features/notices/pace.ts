/** When a channel sends, and how much at once. Pure. */
import { QUIET } from "../../../protocol/features/notices/config-channels.js";

/** How long a notice waits for others of the same moment, in ms. */
const GATHER_MS = 1000;

/** This many notices in a minute are a flood: a summary tells them, one a minute. */
const FLOOD = 5;
export const FLOOD_MS = 60_000;

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 10 * 60_000;
/** Longest time for which a server may ask. */
const LONGEST_ASKED_MS = 60 * 60_000;

/** Times by the monotonic clock, in ms. */
export interface Pace {
  /** When each notice that waits came, the oldest first. */
  waiting: readonly number[];
  /** When the last notices came, also those that were sent. */
  recent: readonly number[];
  lastSentAt: number | null;
  /** After a failure. */
  retryAt: number;
  /** End of the quiet hours; 0: they are not now. */
  quietUntil: number;
}

/** When the next message is sent, and how many of the waiting notices it tells; null: nothing waits. */
export function nextMessage(pace: Pace, now: number): { at: number; count: number } | null {
  const { waiting, recent, lastSentAt, retryAt, quietUntil } = pace;
  const [oldest] = waiting;
  if (oldest === undefined) return null;
  const isFlood = waiting.length >= FLOOD || recent.filter((at) => at > now - FLOOD_MS).length >= FLOOD;
  const afterLast = isFlood && lastSentAt !== null ? lastSentAt + FLOOD_MS : 0;
  const at = Math.max(oldest + GATHER_MS, retryAt, quietUntil, afterLast);
  return { at, count: isFlood ? waiting.length : 1 };
}

/**
 * How long a channel rests after failures, in ms.
 *
 * @param failures in a row, from 1
 * @param asked seconds for which the server asks; null: it does not
 * @param random 0 to 1, so that the channels of many hosts do not come back together
 */
export function retryDelay(failures: number, asked: number | null, random: number): number {
  const own = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
  return Math.max(own * (0.8 + 0.4 * random), Math.min((asked ?? 0) * 1000, LONGEST_ASKED_MS));
}

/** Milliseconds to the end of the quiet hours; 0: they are not now. @param quiet `22:00-07:00`, local time */
export function quietFor(quiet: string | undefined, now: Date): number {
  if (quiet === undefined || !QUIET.test(quiet)) return 0;
  const [from, to] = quiet.split("-").map((time) => {
    const [hours, minutes] = time.split(":").map(Number);
    return hours! * 60 + minutes!;
  }) as [number, number];
  const minute = now.getHours() * 60 + now.getMinutes();
  const isQuiet = from <= to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!isQuiet) return 0;
  const end = new Date(now);
  end.setHours(Math.floor(to / 60), to % 60, 0, 0);
  if (end <= now) end.setDate(end.getDate() + 1);
  return end.getTime() - now.getTime();
}
