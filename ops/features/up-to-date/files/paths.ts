/**
 * The files that the patterns of `needs` and `makes` match now, and the directories that tell so.
 */
import { readdir, realpath, type Stats } from "node:fs";
import { posix } from "node:path";
import { escapePath, glob, isDynamicPattern } from "tinyglobby";
import { NO_UTF8 } from "../../../pipeline/limits.js";
import { WHY_NO_UTF8 } from "./content.js";
import { isKept, matches, UNNAMED } from "./order.js";
import { isAbsent, statOf } from "./stat.js";
import type { Walk } from "./walk.js";
import { directoryState } from "./walk.js";

/** A pattern with its values. */
export interface Pattern {
  text: string;
  line: number;
  column: number;
  file?: string | undefined;
}

export interface PathsContext {
  /** The directory at which relative patterns begin. */
  cwd: string;
  /** What these match is left out too. Default: nothing. */
  except?: readonly Pattern[];
  signal: AbortSignal;
  /** The error of a pattern, with its place in the file. @param why - null: no file matches it */
  fail(pattern: Pattern, why: string | null): Error;
}

/** Files of one stage: more are a mistake in a pattern. */
const MOST_FILES = 200_000;

/**
 * Relative to the directory where they are below it, sorted. A directory that is named stands for
 * all files in it.
 *
 * @returns `walk`: null where the same patterns may match other files although no directory
 *   changed
 * @throws the error of a pattern that matches no file, or of a directory that cannot be read
 */
export async function filesOf(
  patterns: readonly Pattern[],
  context: PathsContext,
): Promise<{ files: string[]; walk: Walk | null }> {
  const { cwd, except = [], fail, signal } = context;
  const texts = patterns.map(({ text }) => text);
  const leftOut = [
    ...texts.filter((text) => !isKept(text)).map((text) => text.slice(1)),
    ...except.map(({ text }) => text).filter(isKept),
  ];
  const all = new Set<string>();
  const walker = new Walker();
  for (const pattern of patterns) {
    if (!isKept(pattern.text)) continue;
    const files = (await isPlainFile(pattern, leftOut, context))
      ? [posix.resolve(cwd, unescaped(pattern.text)).slice(1)]
      : await matchesOf(pattern, leftOut, walker, context);
    signal.throwIfAborted();
    if (files.length === 0) throw fail(pattern, null);
    for (const file of files) all.add(posix.relative(cwd, `/${file}`));
    if (all.size > MOST_FILES)
      throw fail(
        pattern,
        `${pattern.text} matches more than ${MOST_FILES.toLocaleString("en-US")} files; leave some out with a pattern that begins with !`,
      );
  }
  return { files: [...all].sort(), walk: await walker.walk() };
}

/** What the library reads of directories. */
class Walker {
  readonly #directories = new Set<string>();
  #isSure = true;
  problem: string | null = null;

  /** The library leaves out what it cannot read. */
  readonly fs = {
    readdir: ((
      line: string,
      options: { withFileTypes: true },
      done: (...reply: unknown[]) => void,
    ) => {
      const path = fromOneLine(line);
      this.#directories.add(path);
      readdir(path, options, (error, entries) => {
        if (error !== null && path.includes(NO_UTF8)) this.problem ??= `${path}: ${WHY_NO_UTF8}`;
        else if (error !== null && !isAbsent(error)) this.problem ??= error.message;
        for (const entry of entries ?? []) entry.name = toOneLine(entry.name);
        done(error, entries);
      });
    }) as typeof readdir,
    realpath: ((line: string, done: (...reply: unknown[]) => void) =>
      realpath(fromOneLine(line), (error, found) => {
        // What a link leads to may appear, and its directory is then as before.
        this.#isSure = false;
        done(error, found);
      })) as typeof realpath,
  };

  async walk(): Promise<Walk | null> {
    if (!this.#isSure) return null;
    const states = await Promise.all([...this.#directories].map((path) => directoryState(path)));
    return states.includes(null) ? null : (states as Walk);
  }
}

/**
 * The wildcards of the library match no end of a line: within the library, a name has other
 * characters for it.
 */
const LINE_ENDS = "\n\r\u2028\u2029";
const toOneLine = (name: string) =>
  name.replace(/[\n\r\u2028\u2029]/g, (end) => `\0${LINE_ENDS.indexOf(end)}`);
const fromOneLine = (line: string) => line.replace(/\0(\d)/g, (_, index) => LINE_ENDS[index]!);

/** Whether the pattern is the path of a file that is not left out: no directory is read then. */
async function isPlainFile(
  pattern: Pattern,
  leftOut: readonly string[],
  context: PathsContext,
): Promise<boolean> {
  const { text } = pattern;
  if (
    isDynamicPattern(quoted(text)) ||
    leftOut.some((each) => matches(each, text, context.cwd) !== false)
  )
    return false;
  return (await statOfPattern(pattern, context))?.isFile() ?? false;
}

/** Absolute, without the first `/`. */
async function matchesOf(
  pattern: Pattern,
  leftOut: readonly string[],
  walker: Walker,
  context: PathsContext,
): Promise<string[]> {
  const { cwd, fail, signal } = context;
  const isGlob = isDynamicPattern(quoted(pattern.text));
  const isDirectory = !isGlob && (await statOfPattern(pattern, context))?.isDirectory();
  const base = toOneLine(escapePath(cwd));
  const whole = (text: string) => posix.resolve(base, toOneLine(quoted(text))).slice(1);
  const unnamed = UNNAMED.filter(
    (name) => !pattern.text.split("/").some((part) => part.includes(name)),
  );
  const found = await glob([isDirectory ? `${whole(pattern.text)}/**` : whole(pattern.text)], {
    cwd: "/",
    dot: true,
    expandDirectories: false,
    extglob: false,
    signal,
    ignore: [
      ...leftOut.flatMap((text) => [whole(text), `${whole(text)}/**`]),
      ...unnamed.map((name) => `${posix.resolve(base, rootOf(pattern.text)).slice(1)}/**/${name}`),
    ],
    fs: walker.fs,
  });
  const { problem } = walker;
  if (problem !== null) throw fail(pattern, `cannot read a directory: ${problem}`);
  return found.map(fromOneLine);
}

/** Parentheses and bars mean nothing in a pattern of liveops. */
function quoted(text: string): string {
  return text.replace(/(?<!\\)[()|]/g, "\\$&");
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}

/** The leading part that names a directory above: the names that are left out count below it. */
function rootOf(text: string): string {
  return /^(?:\.\.?\/+)*/.exec(text)![0];
}

/** Undefined: there is nothing. */
async function statOfPattern(
  pattern: Pattern,
  { cwd, fail }: PathsContext,
): Promise<Stats | undefined> {
  try {
    return await statOf(posix.resolve(cwd, unescaped(pattern.text)));
  } catch (error) {
    throw fail(pattern, `cannot read it: ${(error as Error).message}`);
  }
}
