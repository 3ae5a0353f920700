/** Local times, as people type and read them. */

/** The parts of a time in the zone of this process. */
function partsOf(at: Date): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/**
 * The time with its weekday and zone: `Thu 26 Nov 2026 14:30 CET`.
 *
 * @param withSeconds also where they are 0, as for the time of an event; a time that a person has
 *   chosen has none
 */
export function formatLocalTime(at: Date, withSeconds = false): string {
  const parts = partsOf(at);
  const { weekday, day, month, year, hour, minute, second, timeZoneName } = parts;
  const seconds = second === "00" && !withSeconds ? "" : `:${second}`;
  return `${weekday} ${day} ${month} ${year} ${hour}:${minute}${seconds} ${timeZoneName}`;
}

/** The time of the day, with the date where that is another day: `14:30`, `27 Nov 14:30`. */
export function formatShortTime(at: Date, now: Date): string {
  const parts = partsOf(at);
  const time = `${parts.hour}:${parts.minute}`;
  const isToday = at.toDateString() === now.toDateString();
  return isToday ? time : `${parts.day} ${parts.month} ${time}`;
}

const CLOCK = /^(?:(today|tomorrow)\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/i;
const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/** The forms that `parseLocalTime` reads, for messages. */
export const TIME_FORMS =
  "14:30, tomorrow 06:00, 2026-12-01, 2026-12-01 14:30 or 2026-12-01T14:30+01:00";

/**
 * The time that a person means; without a zone, in the zone of this machine. A time of day is the
 * next one.
 *
 * @returns null if the text is not a time
 */
export function parseLocalTime(text: string, now: Date): Date | null {
  const clock = CLOCK.exec(text.trim());
  if (clock) return nextClock(clock, now);
  const date = DATE.exec(text.trim());
  if (!date) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = date
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part))) as [
    number,
    number,
    number,
    number?,
    number?,
    number?,
  ];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const zone = date[7];
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // 31 February is no date.
  if (utc.getUTCDate() !== day || utc.getUTCMonth() !== month - 1) return null;
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second);
  return new Date(utc.getTime() - offsetMs(zone));
}

function nextClock(
  [, word, hours, minutes, seconds = "0"]: RegExpExecArray,
  now: Date,
): Date | null {
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const on = (days: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour, minute, second);
  if (word !== undefined) return on(word.toLowerCase() === "tomorrow" ? 1 : 0);
  return on(0) > now ? on(0) : on(1);
}

function offsetMs(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}
