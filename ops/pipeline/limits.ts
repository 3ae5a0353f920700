/**
 * Limits of a pipeline file, and of the values that reach its commands as environment variables.
 */

/**
 * Bytes of a file. The text is kept with each operation, so the limit is that of a text that a
 * person reads.
 */
export const MAX_BYTES = 64 * 1024;

/**
 * Bytes of the files that a pipeline names, directly or not: their texts are kept with each
 * operation, too.
 */
export const MAX_NAMED_BYTES = 512 * 1024;

/** Values in a file, with each alias counted as often as it is used. */
export const MAX_VALUES = 10_000;

/** Nesting of lists and maps. */
export const MAX_NESTING = 32;

/** Texts for which the braces of one pattern stand: each is compared and looked for. */
const MAX_ALTERNATIVES = 1000;

/**
 * Bytes of one value. Linux passes at most 128 KiB of a variable: its name, the value and a null
 * character.
 */
const MAX_VARIABLE_BYTES = 120 * 1024;

/**
 * Bytes of all parameters. Linux passes 2 MiB of arguments and environment with the usual limit of
 * the stack.
 */
const MAX_PARAMS_BYTES = 1024 * 1024;

/** Why a text cannot be the value of an environment variable; null: it can. */
export function whyNotVariable(text: string): string | null {
  if (text.includes("\0"))
    return "contains a null character, which no environment variable can hold";
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_VARIABLE_BYTES) return null;
  return `has ${bytes} bytes, more than the ${MAX_VARIABLE_BYTES} that reach a command: write it to a file and give its path`;
}

/** Why parameters of this size cannot reach a command together; null: they can. */
export function whyTooMuch(bytes: number): string | null {
  if (bytes <= MAX_PARAMS_BYTES) return null;
  return `the parameters have ${bytes} bytes, more than the ${MAX_PARAMS_BYTES} that reach a command together: write a long one to a file and give its path`;
}

/** Why a pattern cannot be looked for; null: it can. */
export function whyTooManyPaths(pattern: string): string | null {
  const count = alternativesOf(pattern);
  if (count <= MAX_ALTERNATIVES) return null;
  const many = Number.isSafeInteger(count) ? count.toLocaleString("en-US") : "countless";
  return `stands for ${many} alternatives, more than ${MAX_ALTERNATIVES.toLocaleString("en-US")}; use * for a part of it, or fewer braces`;
}

const BRACES = /\\.|\{(-?\d+|\w)\.\.(-?\d+|\w)(?:\.\.-?\d+)?\}|[{},]/gs;

/** For how many texts the braces stand: `{a,b}{1..3}` for six. */
export function alternativesOf(pattern: string): number {
  /** For each open brace, the texts before its last comma and those after it. */
  const open = [{ before: 0, behind: 1 }];
  for (const [sign, from, to] of pattern.matchAll(BRACES)) {
    const inner = open.at(-1)!;
    if (from !== undefined) inner.behind *= rangeOf(from, to!);
    else if (sign === "{") open.push({ before: 0, behind: 1 });
    else if (sign === "}" && open.length > 1) {
      open.pop();
      open.at(-1)!.behind *= inner.before + inner.behind;
    } else if (sign === "," && open.length > 1) {
      inner.before += inner.behind;
      inner.behind = 1;
    }
  }
  return open.reduce((product, { before, behind }) => product * (before + behind), 1);
}

function rangeOf(from: string, to: string): number {
  const [first, last] = [from, to].map((end) =>
    /^-?\d+$/.test(end) ? Number(end) : end.charCodeAt(0),
  );
  return Math.abs(last! - first!) + 1;
}

/** What Node shows of a file name that is not UTF-8: no file has this other name. */
export const NO_UTF8 = "\ufffd";
