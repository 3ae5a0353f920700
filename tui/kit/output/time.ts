/** Times as the commands print them: relative for people, absolute in the local zone, or as they are stored. */
import { formatLocalTime } from "./local-time.js";

export const TIME_STYLES = ["relative", "absolute", "iso"] as const;
export type TimeStyle = (typeof TIME_STYLES)[number];

/** Time since an ISO date, in its largest unit: `12s`, `5m`, `3h`, `2d`. */
export function formatAge(since: string, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  return Number.isFinite(seconds) ? largestUnit(seconds) : "?";
}

function largestUnit(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** A time of a record in a table; empty for null. */
export function timeText(iso: string | null | undefined, style: TimeStyle, now: number): string {
  if (iso == null) return "";
  const at = new Date(iso);
  if (Number.isNaN(at.getTime()) || style === "iso") return iso;
  return style === "relative" ? relativeTime(at, now) : absoluteTime(at);
}

/**
 * A time of a record where there is room: the local time with its weekday and zone, and how long ago that is. With a
 * style, that style alone.
 */
export function fullTime(iso: string, style: TimeStyle | null, now: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime()) || style === "iso") return iso;
  if (style === "relative") return relativeTime(at, now);
  const local = formatLocalTime(at, true);
  return style === "absolute" ? local : `${local} (${relativeTime(at, now)})`;
}

/** `2m ago`, `in 5m`, `now`. */
function relativeTime(at: Date, now: number): string {
  const seconds = Math.floor(Math.abs(now - at.getTime()) / 1000);
  if (seconds === 0) return "now";
  return at.getTime() > now ? `in ${largestUnit(seconds)}` : `${largestUnit(seconds)} ago`;
}

/**
 * `2026-11-26 14:30:05 +01:00`, in the zone of this process. The offset is that of the time, so the hour that comes
 * twice at the end of summer time is clear.
 */
export function absoluteTime(at: Date, withMs = false): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = -at.getTimezoneOffset();
  const offset = Math.abs(Math.round(minutes));
  const zone = `${minutes < 0 ? "-" : "+"}${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
  const date = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const ms = withMs ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${ms} ${zone}`;
}

/** The time of a log line: `2026-11-26 14:30:05.120 +01:00`, in the zone of this process. */
export function logTime(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : absoluteTime(at, true);
}
