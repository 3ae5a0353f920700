/** Checks lines of the daemon's log against the table of its keys. */
import { LINE_KEYS, LOG_KEYS } from "../../daemon/log/log-keys.js";

const FITS: Record<(typeof LOG_KEYS)[keyof typeof LOG_KEYS]["type"], (value: unknown) => boolean> =
  {
    text: (value) => typeof value === "string",
    number: (value) => typeof value === "number",
    "list of text": (value) =>
      Array.isArray(value) && value.every((each) => typeof each === "string"),
    "list of numbers": (value) =>
      Array.isArray(value) && value.every((each) => typeof each === "number"),
    error: (value) => typeof (value as Error).message === "string",
  };

/** What is wrong with the lines; empty: nothing. */
export function badLogLines(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const record = JSON.parse(line) as Record<string, unknown>;
    const missing = Object.keys(LINE_KEYS).filter((key) => !(key in record));
    const keys = { ...LINE_KEYS, ...LOG_KEYS };
    const wrong = Object.entries(record).filter(([key, value]) => {
      const known = Object.hasOwn(keys, key) ? keys[key as keyof typeof keys] : null;
      return known === null || !(value === null || FITS[known.type](value));
    });
    // A key that a child logger adds twice is twice in the text.
    const twice = Object.keys(record).filter(
      (key) => line.split(`"${key}":`).length > 2 && key === "pid",
    );
    return [...missing, ...wrong.map(([key]) => key), ...twice].map((key) => `${key}: ${line}`);
  });
}
