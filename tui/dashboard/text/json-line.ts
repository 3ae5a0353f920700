/**
 * A log line that is a JSON object, as a person reads it: `error cannot reach db host=a attempt=3`.
 */
import { isPlainObject } from "../../../protocol/objects.js";
import { sanitize } from "../../../protocol/text/sanitize.js";

/** Characters of a line beyond which it is shown as it is. */
const LONGEST = 16_384;
const LEVELS = ["level", "lvl", "severity", "levelname", "log.level"];
const MESSAGES = ["msg", "message", "event"];
const TIMES = ["time", "ts", "timestamp", "@timestamp", "datetime"];
/** Levels of pino and bunyan. */
const NUMBERS: Record<number, string> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

/**
 * Level, message, then `key=value`; the time, which the log has, is left out. Null: no JSON object.
 */
export function jsonLine(line: string): string | null {
  const text = line.trim();
  if (!text.startsWith('{"') || !text.endsWith("}") || text.length > LONGEST) return null;
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isPlainObject(record)) return null;
  const taken = new Set<string>();
  const take = (
    names: readonly string[],
    read: (value: unknown) => string | null,
  ): string | null => {
    for (const name of names) {
      const value = Object.hasOwn(record, name) ? read(record[name]) : null;
      if (value === null) continue;
      taken.add(name);
      return value;
    }
    return null;
  };
  const level = take(LEVELS, levelIn);
  const message = take(MESSAGES, (value) => (typeof value === "string" ? sanitize(value) : null));
  // Without them it is a record, whose time is data.
  if (level !== null || message !== null) take(TIMES, timeIn);
  const rest = Object.entries(record)
    .filter(([name]) => !taken.has(name))
    .map(([name, value]) => `${sanitize(name)}=${wordFor(value)}`);
  const parts = [level, message, ...rest].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? null : parts.join(" ");
}

function levelIn(value: unknown): string | null {
  if (typeof value === "number") return NUMBERS[value] ?? null;
  return typeof value === "string" && /^[a-z]{1,12}$/i.test(value) ? value.toLowerCase() : null;
}

function timeIn(value: unknown): string | null {
  if (typeof value === "number") return value > 1e8 ? "" : null;
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? "" : null;
}

/** A text without blanks as it is, else as JSON, so that one sees where a value ends. */
function wordFor(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return sanitize(value);
  return sanitize(JSON.stringify(value) ?? "");
}
