/** Log lines with the colours of the program that printed them. */
import { sanitizeLogLine } from "../../../protocol/command/sanitize.js";
import { fit, sanitizeLine } from "./cells.js";
import type { Line } from "./line.js";
import type { Link } from "./links.js";
import { styleAfter } from "./sgr.js";
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

/** Words with which programs begin a line of this level; after a time or a bracket, or as a field. */
const WARNING = "warn(?:ing)?";
const ERROR = "err(?:or)?|fatal|critical|panic";
const LEVEL = new RegExp(
  `^(?:[\\d\\s:.,TZ/+-]*[[(<]?(${WARNING}|(${ERROR}))[\\])>:\\s]|.*\\blevel"?[=:]\\s?"?(${WARNING}|(${ERROR}))\\b)`,
  "i",
);

/** The level that the program gave the line, where it is no ordinary one. */
export function levelOf(text: string): "warning" | "error" | null {
  const match = LEVEL.exec(text.slice(0, 300));
  if (match === null) return null;
  return (match[2] ?? match[4]) === undefined ? "warning" : "error";
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

/** What a row of a log line shows besides its text. */
export interface RowLook {
  readonly spans: Coloured["spans"];
  readonly links: readonly Link[];
  /** Where the row begins in the text of the line. */
  readonly offset: number;
  /** What is searched for; "": nothing. */
  readonly sought: string;
  readonly style: Style;
}

/** Adds a row of a log line with its colours, its links and what is searched for. */
export function addColoured(line: Line, row: string, { spans, links, offset, sought, style }: RowLook): Line {
  const shown = fit(row, line.left);
  const marks = marksIn(shown, sought);
  const edges = [...spans.map(({ from }) => from), ...links.flatMap(({ from, to }) => [from, to])];
  const places = [...edges.map((place) => place - offset), ...marks.flat(), shown.length];
  const ends = [...new Set(places)].filter((at) => at > 0 && at <= shown.length).sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const codes = spans.findLast((span) => span.from - offset <= from)?.codes ?? "";
    const isMarked = marks.some(([begin, after]) => begin <= from && from < after);
    const own: Style = codes === "" ? style : `sgr ${codes}`;
    const at = offset + from;
    const link = links.find((each) => each.from <= at && at < each.to);
    line.add(
      shown.slice(from, end),
      own,
      isMarked ? "inverse" : "plain",
      ...(link === undefined ? [] : ([`link ${link.url}`] as const)),
    );
    from = end;
  }
  return line;
}
