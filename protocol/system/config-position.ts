/** Lines and columns of a JSON text, for errors about it. */
import {
  findNodeAtLocation,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser/lib/esm/main.js";

/** As editors count: from 1. */
export interface Position {
  line: number;
  column: number;
}

const STRICT = { disallowComments: true, allowTrailingComma: false };

const EXPECTED: Record<string, string> = {
  InvalidSymbol: "text needs quotes; a value is a text, a number, true, false, null, {…} or […]",
  InvalidNumberFormat: "the number is not valid",
  PropertyNameExpected: "a key in double quotes is expected here",
  ValueExpected: "a value is expected here",
  ColonExpected: "a colon is expected here",
  CommaExpected: "a comma is expected here",
  CloseBraceExpected: "the closing } is missing",
  CloseBracketExpected: "the closing ] is missing",
  EndOfFileExpected: "the text must end after the first value",
  InvalidCommentToken: "JSON has no comments",
  UnexpectedEndOfComment: "JSON has no comments",
  UnexpectedEndOfString: "the closing quote is missing",
  UnexpectedEndOfNumber: "the number is not valid",
  InvalidUnicode: "the \\u escape needs four hexadecimal digits",
  InvalidEscapeCharacter: "the escape is not valid; write \\\\ for a backslash",
  InvalidCharacter: "the character must be escaped, such as \\n or \\t",
};

/**
 * The first error of a text that is no JSON, and where it is. @param fallback the message of
 * `JSON.parse`
 */
export function syntaxProblem(text: string, fallback: string): { at: Position; text: string } {
  if (text.startsWith("\ufeff"))
    return {
      at: { line: 1, column: 1 },
      text: "a byte order mark is before the text; save it as UTF-8 without one",
    };
  const errors: ParseError[] = [];
  parseTree(text, errors, STRICT);
  const [first] = errors.toSorted((a, b) => a.offset - b.offset);
  if (first === undefined) return { at: { line: 1, column: 1 }, text: fallback };
  const message = EXPECTED[printParseErrorCode(first.error)] ?? fallback;
  return { at: positionAt(text, first.offset), text: message };
}

/**
 * The position of a value in a JSON text. A repeated key has the position of its last value, which
 * counts.
 *
 * @param path keys and indices; of a missing value, the position of what would hold it
 * @param ofKey the position of the key instead
 */
export function positionOf(
  text: string,
  path: ReadonlyArray<string | number>,
  ofKey = false,
): Position {
  let node = parseTree(text, [], STRICT);
  let key = node;
  for (const name of path) {
    const next =
      typeof name === "number"
        ? node && findNodeAtLocation(node, [name])
        : node?.children?.findLast(({ children }) => children?.[0]?.value === name)?.children?.[1];
    if (next === undefined) break;
    node = next;
    key = typeof name === "number" ? next : (next.parent?.children?.[0] ?? next);
  }
  return positionAt(text, (ofKey ? key : node)?.offset ?? 0);
}

/** Most levels of a config file: each is a call of the parser. */
export const MOST_LEVELS = 100;

/** Where the text is nested too deep; null: it is not. */
export function tooDeep(text: string): Position | null {
  let levels = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]+|\\.)*"?|[[\]{}]/gs)) {
    if (token === "[" || token === "{") levels++;
    else if (token === "]" || token === "}") levels--;
    if (levels > MOST_LEVELS) return positionAt(text, index);
  }
  return null;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
