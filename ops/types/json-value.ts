/**
 * Checks that a value can be stored as JSON: for results (`toJSON` is applied) and for stage values
 * (which must be equal after they are read back).
 */
import { inspect } from "node:util";
import { MAX_DEPTH } from "../../protocol/limits.js";

/**
 * Says where and why the value is not JSON; null if it is.
 *
 * @param roundTrip - whether the value must be equal after it is read back. Default: false
 */
export function whyNotJson(value: unknown, { roundTrip = false } = {}): string | null {
  return check(value, "", new Set(), roundTrip);
}

/** `place` is a path such as `.rows[3].when`; empty for the value itself. */
function check(
  value: unknown,
  place: string,
  above: Set<object>,
  roundTrip: boolean,
): string | null {
  switch (typeof value) {
    case "string":
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : say(place, `is ${value}`);
    case "undefined":
      return place === "" ? null : say(place, "is undefined");
    case "object":
      return value === null ? null : checkObject(value, place, above, roundTrip);
    default:
      return say(place, `is a ${typeof value}`);
  }
}

function checkObject(
  value: object,
  place: string,
  above: Set<object>,
  roundTrip: boolean,
): string | null {
  if (above.has(value)) return say(place, "is part of itself (a cycle)");
  if (above.size >= MAX_DEPTH) return say("", `is nested more than ${MAX_DEPTH} levels deep`);
  const below = new Set(above).add(value);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") {
    if (roundTrip)
      return say(place, `is a ${kind(value)}, which would come back as something else`);
    return check(toJSON.call(value, ""), place, below, roundTrip);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = check(value[index], `${place}[${index}]`, below, roundTrip);
      if (problem !== null) return problem;
    }
    return null;
  }
  if (value instanceof Map || value instanceof Set || (roundTrip && !isPlain(value)))
    return say(place, `is a ${kind(value)}`);
  for (const [name, each] of Object.entries(value)) {
    if (each === undefined) continue;
    const problem = check(each, `${place}.${name}`, below, roundTrip);
    if (problem !== null) return problem;
  }
  return null;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null
  );
}

function kind(value: object): string {
  return value.constructor?.name || inspect(value).slice(0, 40);
}

function say(place: string, problem: string): string {
  return `${place === "" ? "it" : place} ${problem}`;
}
