/**
 * A line of text being typed: pure editing, with the keys of a shell, and the line as it is drawn.
 */
import { sanitize } from "../../../protocol/text/sanitize.js";
import { sanitizeLine, widthOf } from "./cells.js";
import { nameOfKey, type Pressed } from "./keys.js";
import { Line } from "./line.js";

export interface LineEdit {
  readonly text: string;
  /** Place of the cursor: an index into the text, always between two whole characters. */
  readonly at: number;
}

export const EMPTY_LINE: LineEdit = { text: "", at: 0 };

/** Longest text that can be typed or pasted. */
const LONGEST = 4000;

const segmenter = new Intl.Segmenter();

export function lineOf(text: string): LineEdit {
  return { text, at: text.length };
}

/**
 * Typed or pasted at the cursor, as plain text: in one line, unless it keeps its line breaks.
 *
 * @param breaks whether line breaks stay: those of a script mean something
 */
export function insertText(line: LineEdit, text: string, breaks = false): LineEdit {
  // What is copied from a terminal often ends with a line break.
  const ended = text.replace(/[\r\n]+$/, "");
  const lines = breaks ? ended.replace(/\r\n?/g, "\n") : ended.replace(/\s*[\r\n]\s*/g, " ");
  const plain = sanitize(lines, { newlines: breaks }).slice(
    0,
    Math.max(0, LONGEST - line.text.length),
  );
  if (plain === "") return line;
  return {
    text: line.text.slice(0, line.at) + plain + line.text.slice(line.at),
    at: line.at + plain.length,
  };
}

const without = ({ text }: LineEdit, from: number, to: number): LineEdit => ({
  text: text.slice(0, from) + text.slice(to),
  at: from,
});
const toBegin = ({ text }: LineEdit): LineEdit => ({ text, at: 0 });
const toEnd = ({ text }: LineEdit): LineEdit => lineOf(text);
const backspace = (line: LineEdit): LineEdit => without(line, previous(line), line.at);

const EDITS: Record<string, (line: LineEdit) => LineEdit> = {
  leftArrow: (line) => ({ ...line, at: previous(line) }),
  rightArrow: (line) => ({ ...line, at: following(line) }),
  home: toBegin,
  "^a": toBegin,
  end: toEnd,
  "^e": toEnd,
  backspace,
  "^h": backspace,
  delete: (line) => without(line, line.at, following(line)),
  "^u": (line) => without(line, 0, line.at),
  "^k": (line) => without(line, line.at, line.text.length),
  "^w": (line) => without(line, line.text.slice(0, line.at).replace(/\S*\s*$/, "").length, line.at),
};

/** The line after a key; null where the key is none of editing. */
export function editLine(line: LineEdit, pressed: Pressed): LineEdit | null {
  if ("input" in pressed && !pressed.ctrl) return insertText(line, pressed.input);
  return EDITS[nameOfKey(pressed)]?.(line) ?? null;
}

const previous = ({ text, at }: LineEdit): number =>
  [...segmenter.segment(text.slice(0, at))].at(-1)?.index ?? 0;

function following({ text, at }: LineEdit): number {
  for (const { segment } of segmenter.segment(text.slice(at))) return at + segment.length;
  return at;
}

/** Adds the text in at most so many columns, the cursor's cell included. */
export function addTyped(line: Line, { text, at }: LineEdit, room = line.left): Line {
  const part = new Line(Math.min(room, line.left));
  const before = sanitizeLine(text.slice(0, at));
  const [under = " ", ...rest] = [...segmenter.segment(text.slice(at))].map(({ segment }) =>
    sanitizeLine(segment),
  );
  const left = part.width - widthOf(under);
  part.add(widthOf(before) <= left ? before : `…${endOf(before, left - 1)}`).add(under, "inverse");
  return line.join(part.add(rest.join("")));
}

function endOf(text: string, width: number): string {
  let head = "";
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    if (widthOf(segment + head) > width) break;
    head = segment + head;
  }
  return head;
}
