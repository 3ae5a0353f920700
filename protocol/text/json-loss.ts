/**
 * Finds JSON that JSON.parse, or the code that uses its value, silently changes: a number that a
 * double cannot hold, a `__proto__` key, half of a surrogate pair. This input is rejected, so that
 * parameters are stored exactly or not at all. So is a null character, which no program can take.
 * Also checks the nesting depth.
 *
 * Duplicate keys are the exception: the last one counts, as in most parsers (RFC 8259).
 */

/** zod and assignments to plain objects drop this key, or set the prototype with its value. */
const FORBIDDEN = "__proto__";

/**
 * Such a key, also with an escaped character, or an escaped surrogate. Without a match, the text
 * has neither. A null character is looked for in parameters alone, by `lossInValue`.
 */
const MAY_HOLD_FORBIDDEN = /__proto__|\\u00[57]|\\ud[89a-f]/i;
/** Without a match, every number in the text is exact. */
const MAY_BE_INEXACT = /\d{16}|e\+?\d{3}/i;

interface JsonLoss {
  /** Location, such as `params.a.__proto__`; null if unknown. */
  path: string | null;
  /** Message that follows "…: ". */
  problem: string;
}

/**
 * Finds the first loss between a JSON text and the value that JSON.parse returned; null if there is
 * none.
 *
 * @param value - checked with `isDeeper` first, so that the walk does not overflow the stack
 */
export function lossInText(text: string, value: unknown): JsonLoss | null {
  const key = MAY_HOLD_FORBIDDEN.test(text) ? lossInValue(value) : null;
  if (key !== null) return key;
  return MAY_BE_INEXACT.test(text) ? inexactNumber(text) : null;
}

/** No program takes a null character, and no file holds half of a surrogate pair. */
const UNFIT = /[\0\p{Cs}]/u;

/**
 * Finds the first `__proto__` key, or text that no word can hold, in a value; null if there is
 * none.
 */
export function lossInValue(value: unknown, path = ""): JsonLoss | null {
  const [unfit] = typeof value === "string" ? (UNFIT.exec(value) ?? []) : [];
  if (unfit !== undefined) {
    const what =
      unfit === "\0"
        ? "a null character; leave it out"
        : "half of a character; give it a whole one";
    return { path, problem: `${path || "the text"} has ${what}` };
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [key, each] of Object.entries(value)) {
    const named = path === "" ? key : `${path}.${key}`;
    const place = Array.isArray(value) ? `${path}[${key}]` : named;
    if (key === FORBIDDEN || UNFIT.test(key))
      return { path: place, problem: `the key ${place} cannot be kept; give it another name` };
    const below = lossInValue(each, place);
    if (below !== null) return below;
  }
  return null;
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

function inexactNumber(text: string): JsonLoss | null {
  let loss: JsonLoss | null = null;
  const reviver: Reviver = (key, value, { source }) => {
    if (
      loss === null &&
      typeof value === "number" &&
      source !== undefined &&
      !isExact(value, source)
    ) {
      const where = key === "" ? "" : ` (at ${JSON.stringify(key.slice(0, 60))})`;
      const number = source.length > 40 ? `${source.slice(0, 40)}…` : source;
      loss = {
        path: null,
        problem: `the number ${number}${where} cannot be kept exactly; give it as text`,
      };
    }
    return value;
  };
  JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  return loss;
}

/**
 * An integer must keep its digits. A fraction becomes the nearest double, as everywhere in JSON.
 */
function isExact(number: number, source: string): boolean {
  if (!Number.isFinite(number)) return false;
  return !/^-?\d+$/.test(source) || Number.isSafeInteger(number) || String(number) === source;
}

/**
 * Whether lists and objects in the value are nested more than `levels` deep. Walks no deeper than
 * `levels`: a walk of some thousand levels overflows the stack.
 */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
