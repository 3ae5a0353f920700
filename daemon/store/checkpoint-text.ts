/**
 * A checkpoint as text: one JSON document with a checksum over all of it, an operation a line, each with a checksum of
 * its own. So damage somewhere in it costs no more than the lines it stands in.
 */
import { crc32 } from "node:zlib";
import type { CheckpointDocument } from "./checkpoint.js";
import type { Entry } from "./decision.js";

/** An operation of a damaged checkpoint, and up to which decision of the journal it was brought. */
export interface Salvaged {
  entry: Entry;
  journal: number;
}

/** Characters, about, of a piece of the text. */
const PIECE = 64 * 1024;

const BEFORE_SUM = `{"sum":"`;

/** Byte of the file at which the checksum stands. */
export const SUM_AT = BEFORE_SUM.length;

/**
 * The text, piece by piece, so that a long one is never whole in memory; and at the end the checksum, in the place of
 * which the first piece has zeros.
 */
export function* checkpointPieces(document: CheckpointDocument): Generator<string, string> {
  const { operations, removedKeys, ...head } = document;
  const start = `${JSON.stringify(head).slice(0, -1)},"operations":[`;
  let sum = crc32(start);
  let piece = `${BEFORE_SUM}${hex(0)}",${start.slice(1)}\n`;
  for (const [index, entry] of operations.entries()) {
    const line = `${encodeEntry(entry, document.journal)}${index === operations.length - 1 ? "" : ","}`;
    sum = crc32(line, sum);
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  const end = `],"removedKeys":${JSON.stringify(removedKeys)}}`;
  yield `${piece}${end}\n`;
  return hex(crc32(end, sum));
}

/** @throws Error where it is not a whole checkpoint of this format */
export function decodeCheckpoint(text: string): CheckpointDocument {
  const { sum, ...document } = JSON.parse(text) as CheckpointDocument & { sum?: string };
  if (sum !== hex(crc32(JSON.stringify(document)))) throw new Error("its checksum is wrong");
  const { format, journal, operations } = document;
  if (format !== 1 || !Number.isSafeInteger(journal) || !Array.isArray(operations)) {
    throw new Error("it is not a checkpoint of this format");
  }
  return { ...document, operations: operations.map((line) => stripped(line as Entry & Marks)) };
}

/** The operations of a damaged one whose lines are whole. */
export function salvageCheckpoint(text: string): Salvaged[] {
  return text.split("\n").flatMap((line) => {
    try {
      const { sum, ...rest } = JSON.parse(line.replace(/,$/, "")) as Entry & Marks;
      const isWhole = rest.record !== undefined && sum === hex(crc32(JSON.stringify(rest)));
      return isWhole ? [{ entry: stripped(rest), journal: rest.journal ?? 0 }] : [];
    } catch {
      return [];
    }
  });
}

interface Marks {
  sum?: string;
  journal?: number;
}

function encodeEntry(entry: Entry, journal: number): string {
  const text = JSON.stringify({ journal, ...entry });
  return `{"sum":"${hex(crc32(text))}",${text.slice(1)}`;
}

function stripped({ sum: _, journal: __, ...entry }: Entry & Marks): Entry {
  return entry;
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, "0");
}
