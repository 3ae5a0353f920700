/**
 * What is wrong with a text before it is a tree: its size, its characters, and its syntax in words.
 */
import { Lexer, type YAMLError } from "yaml";
import { MAX_BYTES, MAX_NESTING } from "../limits.js";
import { type Place, quoted } from "./problems.js";

export function tooLarge(): string {
  return `the file is too large; a pipeline has at most ${MAX_BYTES / 1024} KiB. Put long scripts into files`;
}

/** Characters of the longest name that a message repeats. */
const MAX_NAME = 100;

/** Control characters that no text file has. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** @param text - `given` with the line ends of Unix */
export function whyUnreadable(given: string, text: string): { at: Place; message: string } | null {
  if (Buffer.byteLength(given) > MAX_BYTES)
    return { at: { line: 1, column: 1 }, message: tooLarge() };
  const at = text.search(CONTROL);
  if (at === -1) return null;
  const before = text.slice(0, at).split("\n");
  const code = text.charCodeAt(at).toString(16).padStart(2, "0");
  return {
    at: { line: before.length, column: before.at(-1)!.length + 1 },
    message: `the file is not text: it has the control character 0x${code}`,
  };
}

/** Zero-length tokens of the lexer; after the last one, the text of a scalar follows. */
const MARKS = ["\u0002", "\u0018", "\u001f"];

/**
 * The tags of a text, such as `!!str`, and where they begin. The lexer knows them from a `!` within
 * a value.
 */
export function tagsIn(text: string): Array<{ tag: string; at: number }> {
  const tags: Array<{ tag: string; at: number }> = [];
  let at = 0;
  let before = "";
  for (const token of new Lexer().lex(text)) {
    const isMark = MARKS.includes(token);
    if (token.startsWith("!") && before !== MARKS.at(-1)) tags.push({ tag: token, at });
    if (!isMark) at += token.length;
    before = token;
  }
  return tags;
}

export function tagProblem(tag: string): string {
  return `${quoted(tag)} is a tag, and a pipeline needs no tags; remove it, or put the whole value in quotes`;
}

/** Where a list item is indented less than the list above it; null: the error is another one. */
function outdentedItem({ code, pos: [at] }: YAMLError, text: string): number | null {
  if (code !== "BLOCK_AS_IMPLICIT_KEY") return null;
  const before = /^(?:\s|#.*\n)*/.exec(text.slice(at))![0].length;
  return /^-\s/.test(text.slice(at + before)) ? at + before : null;
}

/** The problem of `outdentedItem`, with the indent that the list has. */
function outdentProblem(item: number, text: string): string {
  const above = text.slice(0, item).split("\n");
  const own = above.pop()!.length;
  const indents = above.map((line) => (/^ *- /.test(line) ? line.indexOf("-") : 0));
  const inner = Math.min(...indents.filter((indent) => indent > own));
  if (inner === Number.POSITIVE_INFINITY)
    return 'a list item ("- ") needs a key with a list above it, such as stages:';
  return `this item ("- ") is indented by ${own} spaces, less than its list; indent it by ${inner}, as in line ${indents.lastIndexOf(inner) + 1}`;
}

/**
 * Without the errors that follow from the first one: after an unexpected character the rest of the
 * file is unexpected.
 */
export function withoutFollowing(errors: readonly YAMLError[], text: string): YAMLError[] {
  const first = errors.find(({ code }) => code === "UNEXPECTED_TOKEN");
  const item = errors.find((error) => outdentedItem(error, text) !== null);
  const follows = ({ code, pos: [at] }: YAMLError) =>
    item !== undefined &&
    at >= item.pos[0] &&
    (code === "MULTILINE_IMPLICIT_KEY" || code === "MISSING_CHAR");
  return errors.filter(
    (error) =>
      (error.code !== "UNEXPECTED_TOKEN" || error === first) &&
      // Reported by `tagsIn`, with all other tags.
      error.code !== "TAG_RESOLVE_FAILED" &&
      !follows(error),
  );
}

/** The position of an error and the library's message, with what to do where it is known. */
export function syntaxProblem(error: YAMLError, text: string): { at: number; message: string } {
  const item = outdentedItem(error, text);
  if (item !== null) return { at: item, message: outdentProblem(item, text) };
  return { at: error.pos[0], message: messageOf(error, text) };
}

function messageOf({ code, message, pos: [at] }: YAMLError, text: string): string {
  const name = /^\$\{(\w+)\}/.exec(text.slice(Math.max(at - 1, 0), at + MAX_NAME))?.[1];
  if (name !== undefined)
    return `\${${name}} needs quotes within { } and [ ]; write $${name}, or "\${${name}}"`;
  switch (code) {
    case "UNEXPECTED_TOKEN":
      return `${quoted(text.slice(at, at + 1))} is not expected here; put the whole value in quotes`;
    case "TAB_AS_INDENT":
      return "a tab is not allowed as indentation; indent with spaces";
    case "BLOCK_AS_IMPLICIT_KEY":
      return 'a text with ": " needs quotes, or a block: write run: | and the script below it';
    case "RESOURCE_EXHAUSTION":
      return `the file is nested more than ${MAX_NESTING} levels deep`;
    default:
      return message.charAt(0).toLowerCase() + message.slice(1);
  }
}
