/**
 * What JSON.parse, or the code that takes its value, would change or drop without a word: a number that no double
 * holds, a `__proto__` key. Such input is refused, so that parameters are stored exactly or not at all.
 *
 * Keys that are given twice are the exception: the last one counts, as RFC 8259 describes of most parsers.
 */

/** zod and assignments to plain objects drop this key, or take its value for the prototype. */
const FORBIDDEN = "__proto__";

/** Either as it is, or with an escaped character. Without a match no key of the text is forbidden. */
const MAY_HOLD_FORBIDDEN = /__proto__|\\u00[57]/i;
/** Without a match every number of the text is exact. */
const MAY_BE_INEXACT = /\d{16}|e\+?\d{3}/i;

interface JsonLoss {
  /** Where: `params.a.__proto__`; null where it is not known. */
  path: string | null;
  /** In words, to go on from "…: " */
  problem: string;
}

/**
 * The first loss between a JSON text and the value that JSON.parse made of it; null where there is none.
 *
 * @param value - nested less deep than a stack allows (depth.ts)
 */
export function lossInText(text: string, value: unknown): JsonLoss | null {
  const key = MAY_HOLD_FORBIDDEN.test(text) ? lossInValue(value) : null;
  if (key !== null) return key;
  return MAY_BE_INEXACT.test(text) ? inexactNumber(text) : null;
}

/** The first `__proto__` key in a value, as a loss; null where there is none. */
export function lossInValue(value: unknown): JsonLoss | null {
  const path = pathOfForbidden(value, "");
  return path === null ? null : { path, problem: `the key ${path} cannot be kept; give it another name` };
}

function pathOfForbidden(value: unknown, path: string): string | null {
  if (typeof value !== "object" || value === null) return null;
  for (const [key, each] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    if (key === FORBIDDEN) return place;
    const below = pathOfForbidden(each, place);
    if (below !== null) return below;
  }
  return null;
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

function inexactNumber(text: string): JsonLoss | null {
  let loss: JsonLoss | null = null;
  const reviver: Reviver = (key, value, { source }) => {
    if (loss === null && typeof value === "number" && source !== undefined && !isExact(value, source)) {
      const where = key === "" ? "" : ` (at ${JSON.stringify(key.slice(0, 60))})`;
      const number = source.length > 40 ? `${source.slice(0, 40)}…` : source;
      loss = { path: null, problem: `the number ${number}${where} cannot be kept exactly; give it as text` };
    }
    return value;
  };
  JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
  return loss;
}

/** Whole numbers must come back as they were written. Fractions are the nearest double, as everywhere in JSON. */
function isExact(number: number, source: string): boolean {
  if (!Number.isFinite(number)) return false;
  return !/^-?\d+$/.test(source) || Number.isSafeInteger(number) || String(number) === source;
}

/**
 * Whether the value has lists and objects within each other more than `levels` deep; looks no deeper than that.
 * Code that walks a value of some thousand levels runs out of stack.
 */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
