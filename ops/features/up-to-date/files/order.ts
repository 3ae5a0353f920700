/**
 * The order that files give to steps side by side: a step that needs what another one makes starts
 * after it.
 *
 * Whether two patterns may match the same path is decided by the patterns, because the files are
 * not there yet.
 */
import { posix } from "node:path";
import { alternativesOf } from "../../../pipeline/limits.js";

/** The patterns of a step. Those of `needs` that begin with `!` leave out. */
export interface StepFiles {
  name: string;
  /** Relative patterns begin here. */
  cwd: string;
  needs: readonly string[];
  makes: readonly string[];
}

export type Order =
  /** For each step, the places of the steps that it starts after. */
  | { after: number[][]; circle: null }
  /**
   * Names of steps, each of which needs what the next one makes, and the last one what the first
   * makes.
   */
  | { after: null; circle: string[] }
  /** The braces stand for too many paths to compare. */
  | { after: null; circle: null };

export const TOO_MANY_PATHS =
  "the braces of needs and makes stand for too many paths; use * for a part of them, or fewer braces";

/** Pairs of paths that are compared, where patterns have braces: some seconds. */
const MOST_PAIRS = 10_000_000;

export function orderOf(steps: readonly StepFiles[]): Order {
  const [needed, made] = [steps.flatMap(({ needs }) => needs), steps.flatMap(({ makes }) => makes)];
  const pairs = pathsOf(needed) * pathsOf(made);
  if (pairs > Math.max(MOST_PAIRS, needed.length * made.length))
    return { after: null, circle: null };
  const makes = steps.map(({ cwd, makes }) =>
    makes.filter(isKept).flatMap((text) => variantsOf(cwd, text)),
  );
  const makers = makes.flatMap((variants, index) => (variants.length === 0 ? [] : [index]));
  const after = steps.map(({ cwd, needs }, index) => {
    const wanted = needs.filter(isKept).flatMap((text) => variantsOf(cwd, text));
    if (wanted.length === 0) return [];
    const leftOut = [
      ...needs.filter((text) => !isKept(text)).flatMap((text) => variantsOf(cwd, text.slice(1))),
      ...unnamedIn(needs).flatMap((name) =>
        variantsOf(cwd, `**/${name}`).concat(variantsOf(cwd, `**/${name}/**`)),
      ),
    ];
    return makers.filter(
      (maker) =>
        maker !== index &&
        makes[maker]!.some(
          (made) =>
            wanted.some((want) => mayMeet(want, made)) &&
            !leftOut.some((each) => leavesOut(each, made)),
        ),
    );
  });
  const circle = circleIn(after);
  return circle === null
    ? { after, circle }
    : { after: null, circle: circle.map((index) => steps[index]!.name) };
}

const pathsOf = (patterns: readonly string[]) =>
  patterns.reduce((count, pattern) => count + alternativesOf(pattern), 0);

/** `"a" needs what "b" makes, and "b" needs what "a" makes`. */
export function circleText(circle: readonly string[]): string {
  const links = circle.map(
    (name, index) => `"${name}" needs what "${circle[(index + 1) % circle.length]}" makes`,
  );
  const last = links.pop()!;
  return links.length === 0 ? last : `${links.join(", ")}, and ${last}`;
}

/** Whether a pattern matches a path without wildcards; null: it is not sure. */
export function matches(pattern: string, path: string, cwd: string): boolean | null {
  if (pattern.includes("[") || /\{[^,{}]*\}/.test(pattern)) return null;
  const [parts] = variantsOf(cwd, path);
  return variantsOf(cwd, pattern).some((each) => mayMeet(each, parts!));
}

function circleIn(after: ReadonlyArray<readonly number[]>): number[] | null {
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (index: number): number[] | null => {
    const at = path.indexOf(index);
    if (at !== -1) return path.slice(at);
    if (done.has(index)) return null;
    path.push(index);
    for (const next of after[index]!) {
      const circle = visit(next);
      if (circle !== null) return circle;
    }
    path.pop();
    done.add(index);
    return null;
  };
  for (const index of after.keys()) {
    const circle = visit(index);
    if (circle !== null) return circle;
  }
  return null;
}

/** Whether the pattern adds files: one that begins with `!` leaves them out. */
export const isKept = (text: string) => !text.startsWith("!");

/** Names that a pattern matches only where it has them itself. */
export const UNNAMED = [".git", "node_modules"];

const unnamedIn = (needs: readonly string[]) =>
  UNNAMED.filter((name) => !needs.some((text) => isKept(text) && text.includes(name)));

/** A part of a path between two slashes. */
type Part = string;

/**
 * The path in its parts, without braces. A path without wildcards is that of a file, and of all
 * files below it.
 */
function variantsOf(cwd: string, text: string): Part[][] {
  return bracesOf(text).flatMap((each) => {
    const parts = posix.resolve("/", cwd, each).split("/").slice(1);
    return parts.some(isWild) ? [parts] : [parts, [...parts, "**"]];
  });
}

const isWild = (part: Part) => /(?<!\\)[*?[]/.test(part);

/** `a{b,c}` as `ab` and `ac`. A range such as `{1..9}` is any text. */
function bracesOf(text: string): string[] {
  const [whole, inner] = /(?<!\\)\{([^{}]*)\}/.exec(text) ?? [];
  if (whole === undefined) return [text];
  const at = text.indexOf(whole);
  const values = inner!.includes(",") ? inner!.split(",") : ["*"];
  return values.flatMap((value) =>
    bracesOf(text.slice(0, at) + value + text.slice(at + whole.length)),
  );
}

/** Whether a path may match both. */
const mayMeet = (a: readonly Part[], b: readonly Part[]) => meet(a, b, "**", mayBeSamePart);

const mayBeSamePart = (a: Part, b: Part) =>
  a === b || ((isWild(a) || isWild(b)) && meet(signsOf(a), signsOf(b), "*", mayBeSameSign));

const mayBeSameSign = (a: Sign, b: Sign) => a === "?" || b === "?" || plain(a) === plain(b);

/**
 * Whether two lists may stand for the same one, where a star stands for any number of items. Row by
 * row for the beginnings of both, so that the time does not grow with the number of ways in which
 * the stars fit.
 */
function meet(
  a: readonly string[],
  b: readonly string[],
  star: string,
  mayBeSame: (a: string, b: string) => boolean,
): boolean {
  const first = a[0] ?? star;
  // Most patterns differ in their first item, and thousands of steps are compared.
  if (first !== star && b[0] !== star && b[0] !== undefined && !mayBeSame(first, b[0]))
    return false;
  let above = [true];
  for (const y of b) above.push(above.at(-1)! && y === star);
  for (const x of a) {
    const row = [above[0]! && x === star];
    for (const [j, y] of b.entries())
      row.push(x === star || y === star ? above[j + 1]! || row[j]! : above[j]! && mayBeSame(x, y));
    if (!row.includes(true)) return false;
    above = row;
  }
  return above[b.length]!;
}

/** A character, `?` for any one, `*` for any number. */
type Sign = string;

/** A class such as `[a-z]` is any character; an escaped one is itself. */
function signsOf(part: Part): Sign[] {
  return [...part.matchAll(/\\.|\[[^\]]*\]|./gsu)].map(([sign]) =>
    sign.startsWith("[") && sign.length > 1 ? "?" : sign,
  );
}

const plain = (sign: Sign) => (sign.startsWith("\\") ? sign.slice(1) : sign);

/** Whether the first pattern matches every path of the second one, as far as that is sure. */
function leavesOut(pattern: readonly Part[], made: readonly Part[]): boolean {
  if (pattern.some((part) => part.includes("["))) return false;
  // A name that no other pattern has stands for what a wildcard matches.
  const sample = made.flatMap((part) =>
    part === "**" ? Array<Part>(3).fill(UNUSUAL) : part.replace(/[*?]|\[[^\]]*\]/g, UNUSUAL),
  );
  return mayMeet(pattern, sample);
}

const UNUSUAL = "\u0002\u0002\u0002";
