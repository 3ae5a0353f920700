/** The lines of pieces that a mirror has brought. */
import { seqOfRecord } from "../../../protocol/record-line.js";
import { decompress, type Piece } from "./pieces.js";

export type Lines = Piece & { lines: Buffer };

/** With no lines where the body is damaged. */
export async function withLines(row: Piece): Promise<Lines> {
  return { ...row, lines: await decompress(row.body).catch(() => Buffer.alloc(0)) };
}

const NEWLINE = 10;

/** Whether the piece ends with the line that it should end with. */
export function isWhole({ last, lines }: Lines): boolean {
  if (lines.length < 2 || lines.at(-1) !== NEWLINE) return false;
  return seqOfRecord(lastLineIn(lines)) === last;
}

export function firstLineIn(lines: Buffer): string {
  return lines.toString("utf8", 0, lines.indexOf(NEWLINE));
}

export function lastLineIn(lines: Buffer): string {
  const start = lines.lastIndexOf(NEWLINE, lines.length - 2) + 1;
  return lines.toString("utf8", start, lines.length - 1);
}

/** The lines of a piece above `after` and up to `upTo`; null if there are none. */
export function linesBetween(
  { first, last, lines }: Lines,
  after: number,
  upTo: number,
): { lines: Buffer; last: number } | null {
  if (first > after && last <= upTo) return { lines, last };
  const wanted = lines
    .toString("utf8")
    .split("\n")
    .map((text) => ({ text, seq: seqOfRecord(text) ?? 0 }))
    .filter(({ seq }) => seq > after && seq <= upTo);
  const end = wanted.at(-1)?.seq;
  if (end === undefined) return null;
  return { lines: Buffer.from(wanted.map(({ text }) => `${text}\n`).join("")), last: end };
}

/** Groups of at most `maxBytes`, or of one piece. */
export function groupsOf(pieces: readonly Lines[], maxBytes: number): Lines[][] {
  const groups: Lines[][] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (groups.length === 0 || bytes + piece.lines.length > maxBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(piece);
    bytes += piece.lines.length;
  }
  return groups;
}
