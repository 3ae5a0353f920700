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
  let styles: readonly string[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) text += sanitizeLine(piece);
    else {
      styles = stylesAfter(styles, piece);
      spans.push({ from: text.length, codes: styles.join(";") });
    }
  }
  return { text, spans };
}

/**
 * Where what is searched for stands in the text, from and after; upper and lower case count the
 * same.
 */
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
  for (const { from, end } of partsOf(text, marks.flat()))
    line.add(
      text.slice(from, end),
      ...(covers(marks, from) ? (["accent", "bold"] as const) : [style]),
    );
  return line;
}

/** The parts of the text between the places. */
function partsOf(text: string, places: readonly number[]): { from: number; end: number }[] {
  const inside = places.filter((at) => at > 0 && at < text.length);
  const ends = [...new Set([...inside, text.length])].sort((a, b) => a - b);
  return ends.map((end, i) => ({ from: ends[i - 1] ?? 0, end }));
}

const covers = (marks: ReturnType<typeof marksIn>, at: number): boolean =>
  marks.some(([from, after]) => from <= at && at < after);

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
export function addColoured(
  line: Line,
  row: string,
  { spans, links, offset, sought, style }: RowLook,
): Line {
  const text = fit(row, line.left);
  const marks = marksIn(text, sought);
  const edges = [...spans.map(({ from }) => from), ...links.flatMap(({ from, to }) => [from, to])];
  for (const { from, end } of partsOf(text, [...edges.map((at) => at - offset), ...marks.flat()])) {
    const codes = spans.findLast((span) => span.from - offset <= from)?.codes ?? "";
    const own: Style = codes === "" ? style : `sgr ${codes}`;
    const at = offset + from;
    const link = links.find((each) => each.from <= at && at < each.to);
    line.add(
      text.slice(from, end),
      own,
      covers(marks, from) ? "inverse" : "plain",
      ...(link === undefined ? [] : ([`link ${link.url}`] as const)),
    );
  }
  return line;
}

/** Sequences of a style that are kept; a line that ends none of them may have any number. */
const KEPT = 8;

/** The styles after the parameters of an SGR sequence (`1;36`): a 0 in front ends all before. */
function stylesAfter(styles: readonly string[], parameters: string): readonly string[] {
  const own = parameters.replace(/^0*(?:;0*)*(?:;|$)/, "");
  if (own === parameters) return [...styles, own].slice(-KEPT);
  return own === "" ? [] : [own];
}
