/** Summarizes a value for an error message: short, on one line. */

const MOST = 60;

/** `"x"`, `5`, `null`; for a list or an object only its kind. */
export function summarizeValue(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "bigint") return `${value}`;
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString();
  if (value instanceof Map) return `a map of ${value.size}`;
  if (value instanceof Set) return `a set of ${value.size}`;
  if (typeof value === "object" && value !== null) return "an object";
  const json = JSON.stringify(value) ?? String(value);
  return json.length > MOST ? `${json.slice(0, MOST)}… (${json.length} characters)` : json;
}
