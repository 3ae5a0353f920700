/** Log lines with the colours of the program that printed them. */
import { sanitizeLogLine } from "../../../protocol/text/sanitize.js";
import type { Link } from "../../terminal/links.js";
import { fit, sanitizeLine } from "./cells.js";
import type { Line } from "./line.js";
import type { Style } from "./theme.js";

/** A log line for the screen: its text without colours, and where each style begins. */
export interface Coloured {
  readonly text: string;
  readonly spans: ReadonlyArray<{ readonly from: number; readonly codes: string }>;
}

const SGR = /\x1b\[([\d;]+)m/;

export function coloured(logged: string): Coloured {
  // The odd pieces are the codes.
  const pieces = sanitizeLogLine(logged).split(SGR);
  const spans: Array<{ from: number; codes: string }> = [];
  let text = "";
  let codes = "";
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) text += sanitizeLine(piece);
    else {
      codes = styleAfter(codes, piece);
      spans.push({ from: text.length, codes });
    }
  }
  return { text, spans };
}

/** Where what is searched for stands in the text, from and after; upper and lower case count the same. */
function marksIn(text: string, sought: string): [from: number, after: number][] {
  const lower = text.toLowerCase();
  const needle = sought.toLowerCase();
  // Where lower case has another length, places in it are not places in the text.
  if (needle === "" || lower.length !== text.length) return [];
  const marks: [number, number][] = [];
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, at + needle.length))
    marks.push([at, at + needle.length]);
  return marks;
}

/** Adds the text with the places of the words in bold colour. */
export function addMarked(line: Line, text: string, words: readonly string[], style: Style): Line {
  const marks = words.flatMap((word) => marksIn(text, word));
  if (marks.length === 0) return line.add(text, style);
  const ends = [...new Set([...marks.flat(), text.length])].filter((at) => at > 0).sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const isMarked = marks.some(([begin, after]) => begin <= from && from < after);
    line.add(text.slice(from, end), ...(isMarked ? (["accent", "bold"] as const) : [style]));
    from = end;
  }
  return line;
}

/** The properties of a row of a log line besides its text. */
export interface RowLook {
  readonly spans: Coloured["spans"];
  readonly links: readonly Link[];
  /** Where the row begins in the text of the line. */
  readonly offset: number;
  /** The searched text; "": no search. */
  readonly sought: string;
  readonly style: Style;
}

/** Adds a row of a log line with its colours, its links and what is searched for. */
export function addColoured(line: Line, row: string, { spans, links, offset, sought, style }: RowLook): Line {
  const text = fit(row, line.left);
  const marks = marksIn(text, sought);
  const edges = [...spans.map(({ from }) => from), ...links.flatMap(({ from, to }) => [from, to])];
  const places = [...edges.map((place) => place - offset), ...marks.flat(), text.length];
  const ends = [...new Set(places)].filter((at) => at > 0 && at <= text.length).sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const codes = spans.findLast((span) => span.from - offset <= from)?.codes ?? "";
    const isMarked = marks.some(([begin, after]) => begin <= from && from < after);
    const own: Style = codes === "" ? style : `sgr ${codes}`;
    const at = offset + from;
    const link = links.find((each) => each.from <= at && at < each.to);
    line.add(
      text.slice(from, end),
      own,
      isMarked ? "inverse" : "plain",
      ...(link === undefined ? [] : ([`link ${link.url}`] as const)),
    );
    from = end;
  }
  return line;
}

/**
 * The style of a program's text (SGR parameters) as one canonical string: its codes joined by `;` in a fixed order, so
 * that equal styles are equal strings; plain is "".
 */

/** What a code sets, and in which slot; bold and dim end together. */
const SLOTS = [
  "bold",
  "dim",
  "italic",
  "underline",
  "inverse",
  "strike",
  "foreground",
  "background",
] as const;
type Slot = (typeof SLOTS)[number];

const SET: Record<string, Slot> = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "underline",
  7: "inverse",
  9: "strike",
};
const UNSET: Record<string, readonly Slot[]> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
  39: ["foreground"],
  49: ["background"],
};

/** Few pairs of style and sequence occur, and each occurs in every frame. */
const known = new Map<string, string>();

/** The style after the parameters of an SGR sequence (`1;36`). */
function styleAfter(style: string, parameters: string): string {
  const key = `${style}m${parameters}`;
  let after = known.get(key);
  if (after === undefined) {
    after = computed(style, parameters);
    if (known.size > 1000) known.clear();
    known.set(key, after);
  }
  return after;
}

function computed(style: string, parameters: string): string {
  const slots = new Map<Slot, string>();
  apply(slots, style);
  apply(slots, parameters === "" ? "0" : parameters);
  return SLOTS.map((slot) => slots.get(slot))
    .filter((code) => code !== undefined)
    .join(";");
}

function apply(slots: Map<Slot, string>, parameters: string): void {
  const codes = parameters === "" ? [] : parameters.split(";");
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const set = SET[code];
    const number = Number(code);
    if (code === "0") slots.clear();
    else if (set !== undefined) slots.set(set, code);
    else if (UNSET[code] !== undefined) for (const slot of UNSET[code]) slots.delete(slot);
    else if (number === 38 || number === 48) {
      const length = codes[i + 1] === "5" ? 3 : 5;
      slots.set(number === 38 ? "foreground" : "background", codes.slice(i, i + length).join(";"));
      i += length - 1;
    } else if ((number >= 30 && number <= 37) || (number >= 90 && number <= 97))
      slots.set("foreground", code);
    else if ((number >= 40 && number <= 47) || (number >= 100 && number <= 107))
      slots.set("background", code);
  }
}
