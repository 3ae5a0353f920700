/** The lines of the daemon's log: which of them a filter takes, and how they read. */
import { LOG_LEVELS, type LogLevel } from "../../../protocol/system/log-level.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { logTime } from "../../kit/output/time.js";

export interface LogLineFilter {
  /** The least severe level; undefined: all lines. */
  level?: Exclude<LogLevel, "silent"> | undefined;
  /** In ms since 1970. */
  since?: number | undefined;
  /** Id of an operation, or its beginning. */
  id?: string | undefined;
}

/** pino's number of a level. */
const numberOf = (level: LogLevel) => (LOG_LEVELS.indexOf(level) + 1) * 10;

/** Null: the line is no record, such as the last words of a daemon that broke. */
function parse(line: string): Record<string, unknown> | null {
  try {
    const record = JSON.parse(line) as unknown;
    return typeof record === "object" && record !== null ? (record as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Whether the filter takes a line. Text that is no record has no level, time and id. */
export function takes({ level, since, id }: LogLineFilter, line: string): boolean {
  if (level === undefined && since === undefined && id === undefined) return true;
  const record = parse(line);
  if (record === null) return false;
  if (level !== undefined && !(Number(record.level) >= numberOf(level))) return false;
  if (since !== undefined && !(Date.parse(String(record.time)) >= since)) return false;
  return id === undefined || idsOf(record).some((each) => each.startsWith(id));
}

function idsOf({ id, ids }: Record<string, unknown>): string[] {
  return [id, ...(Array.isArray(ids) ? ids : [])].filter((each) => typeof each === "string");
}

/** Formats a record as a line, with the stack of an error below; other text is shown unchanged. */
export function readable(line: string): string {
  const record = parse(line);
  if (record === null) return sanitize(line);
  const { level, time, msg, err, pid: _, ...rest } = record;
  const name = LOG_LEVELS.find((each) => numberOf(each) === level) ?? "?";
  const keys = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}=${valueText(value)}`);
  const head = sanitize(`${logTime(String(time))} ${name.padEnd(5)} ${msg}${keys.join("")}`);
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const error = stack ?? message;
  return error === undefined ? head : `${head}\n${sanitize(error, { newlines: true })}`;
}

function valueText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
