/** Times as the commands print them: relative for people, or absolute in the local zone. */
import { formatLocalTime } from "./local-time.js";

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

/** A time of a record: the local time with its weekday and zone, and how long ago that is. */
export function fullTime(iso: string, now: number): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime())
    ? iso
    : `${formatLocalTime(at, true)} (${relativeTime(at, now)})`;
}

/** `2m ago`, `in 5m`, `now`. */
function relativeTime(at: Date, now: number): string {
  const seconds = Math.floor(Math.abs(now - at.getTime()) / 1000);
  if (seconds === 0) return "now";
  return at.getTime() > now ? `in ${largestUnit(seconds)}` : `${largestUnit(seconds)} ago`;
}

/**
 * `2026-11-26 14:30:05 +01:00`, in the zone of this process. The offset is that of the time, so the
 * hour that comes twice at the end of summer time is clear.
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
