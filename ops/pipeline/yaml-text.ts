/** What is wrong with a text before it is a tree: its size, its characters, and its syntax in words. */
import type { YAMLError } from "yaml";
import { MAX_BYTES, MAX_NESTING } from "./limits.js";
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
  if (Buffer.byteLength(given) > MAX_BYTES) return { at: { line: 1, column: 1 }, message: tooLarge() };
  const at = text.search(CONTROL);
  if (at === -1) return null;
  const before = text.slice(0, at).split("\n");
  const code = text.charCodeAt(at).toString(16).padStart(2, "0");
  return {
    at: { line: before.length, column: before.at(-1)!.length + 1 },
    message: `the file is not text: it has the control character 0x${code}`,
  };
}

/** Without the errors that follow from the first one: after an unexpected character the rest of the file is unexpected. */
export function withoutFollowing(errors: readonly YAMLError[]): YAMLError[] {
  const first = errors.find(({ code }) => code === "UNEXPECTED_TOKEN");
  return errors.filter((error) => error.code !== "UNEXPECTED_TOKEN" || error === first);
}

/** The library's message, with what to do where it is known. */
export function syntaxProblem({ code, message, pos: [at] }: YAMLError, text: string): string {
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
    case "TAG_RESOLVE_FAILED":
      return `${message}; a pipeline needs no tags`;
    case "RESOURCE_EXHAUSTION":
      return `the file is nested more than ${MAX_NESTING} levels deep`;
    default:
      return message.charAt(0).toLowerCase() + message.slice(1);
  }
}
