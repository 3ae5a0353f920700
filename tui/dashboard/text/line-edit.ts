/** A line of text being typed: pure editing, with the keys of a shell, and the line as it is drawn. */
import { sanitize } from "../../../protocol/text/sanitize.js";
import { sanitizeLine, widthOf } from "./cells.js";
import type { Pressed } from "./keys.js";
import type { Line } from "./line.js";

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
  const plain = sanitize(lines, { newlines: breaks }).slice(0, Math.max(0, LONGEST - line.text.length));
  if (plain === "") return line;
  return { text: line.text.slice(0, line.at) + plain + line.text.slice(line.at), at: line.at + plain.length };
}

/** The line after a key; null where the key is none of editing. */
export function editLine(line: LineEdit, pressed: Pressed): LineEdit | null {
  const { text, at } = line;
  const keep = (from: number, to: number) => ({ text: text.slice(0, from) + text.slice(to), at: from });
  if ("special" in pressed) {
    switch (pressed.special) {
      case "leftArrow":
        return { text, at: previous(text, at) };
      case "rightArrow":
        return { text, at: following(text, at) };
      case "home":
        return { text, at: 0 };
      case "end":
        return { text, at: text.length };
      case "backspace":
        return keep(previous(text, at), at);
      case "delete":
        return keep(at, following(text, at));
      default:
        return null;
    }
  }
  if (!pressed.ctrl) return insertText(line, pressed.input);
  switch (pressed.input) {
    case "a":
      return { text, at: 0 };
    case "e":
      return { text, at: text.length };
    case "b":
      return { text, at: previous(text, at) };
    case "f":
      return { text, at: following(text, at) };
    case "h":
      return keep(previous(text, at), at);
    case "u":
      return keep(0, at);
    case "k":
      return keep(at, text.length);
    case "w":
      return keep(text.slice(0, at).replace(/\S*\s*$/, "").length, at);
    default:
      return null;
  }
}

function previous(text: string, at: number): number {
  let before = 0;
  for (const { index } of segmenter.segment(text.slice(0, at))) before = index;
  return before;
}

function following(text: string, at: number): number {
  for (const { segment } of segmenter.segment(text.slice(at))) return at + segment.length;
  return at;
}

/** Adds the text in at most so many columns, the cursor's cell included. */
export function addTyped(line: Line, { text, at }: LineEdit, room = line.left): Line {
  const width = Math.min(room, line.left);
  if (width < 1) return line;
  let before = sanitizeLine(text.slice(0, at));
  const rest = [...segmenter.segment(text.slice(at))].map(({ segment }) => sanitizeLine(segment));
  const under = rest[0] || " ";
  if (widthOf(before) + widthOf(under) > width) before = `…${endOf(before, width - 1 - widthOf(under))}`;
  line.add(before).add(under, "inverse");
  const left = width - widthOf(before) - widthOf(under);
  return left > 0 ? line.add(startOf(rest.slice(1), left)) : line;
}

function endOf(text: string, width: number): string {
  let head = "";
  let used = 0;
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    used += widthOf(segment);
    if (used > width) break;
    head = segment + head;
  }
  return head;
}

function startOf(pieces: string[], width: number): string {
  let tail = "";
  let used = 0;
  for (const piece of pieces) {
    used += widthOf(piece);
    if (used > width) break;
    tail += piece;
  }
  return tail;
}
