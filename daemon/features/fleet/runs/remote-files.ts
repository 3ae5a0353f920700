/**
 * The run files of an attempt of another host: compressed pieces in memory, read as lines.
 *
 * A reader that finds a line finds every line before it, of either file: `upTo` grows only with
 * whole answers. In the log, a note takes the place of lines that the fleet does not hold any more.
 */
import { encodeRecord, parseRecord, seqOfRecord } from "../../../../protocol/record-line.js";
import type { LineReader } from "../../../run-files/events-reader.js";
import { firstOf, type LogRecord } from "../../../run-files/log-tail.js";
import type { Cursor, Piece, RunFile } from "../engine/rows.js";
import { decompress, decompressSync } from "./pieces.js";

/** Part by which the lines of a log may pass its bound, as in the engine. */
const SLACK = 9 / 8;

type HeldPiece = Pick<Piece, "first" | "last" | "body"> & {
  /** Bytes of its lines. */
  size: number;
};

export class RemoteFiles {
  readonly #pieces: Record<RunFile, HeldPiece[]> = { events: [], log: [] };
  /** Lines up to this number are here, of both files. */
  upTo = 0;
  /** The engine will never have more of the attempt. */
  isComplete = false;
  /** What is wrong with a piece that follows what is here. */
  problem: string | null = null;
  /** Bytes of the pieces. */
  bytes = 0;
  #logSize = 0;

  /** @param maxLog bytes of the newest log lines to keep, about */
  constructor(private readonly maxLog: number) {}

  get cursor(): Cursor {
    return { events: this.#lastOf("events"), log: this.#lastOf("log") };
  }

  pieces(file: RunFile): readonly HeldPiece[] {
    return this.#pieces[file];
  }

  /**
   * Adds the pieces of an answer that follow what is here. A piece after a damaged one is left out.
   *
   * @param rows by `first`
   * @param upTo lines up to this number are in the answer, or were here before it was asked for
   */
  async append(rows: readonly Piece[], upTo: number): Promise<void> {
    const sizes: Array<number | null> = [];
    for (const row of rows) sizes.push(await sizeOf(row));
    const damaged = new Set<RunFile>();
    for (const [index, row] of rows.entries()) {
      const { id, attempt, file, first, last, body } = row;
      const cursor = this.#lastOf(file);
      if (last <= cursor || damaged.has(file)) continue;
      // Lost events are shipped again. Lost lines are those that the fleet has cut.
      if (file === "events" && cursor > 0 && first > cursor + 1) continue;
      const size = sizes[index]!;
      if (size === null) {
        damaged.add(file);
        this.problem = `the fleet holds a damaged piece: ${id}, attempt ${attempt}, ${file} ${first}`;
        continue;
      }
      this.#pieces[file].push({ first, last, body, size });
      this.bytes += body.length;
      if (file === "log") this.#bound(size);
    }
    this.upTo = Math.max(this.upTo, upTo);
  }

  reader(file: RunFile, isBefore?: (line: string) => boolean): LineReader {
    return new RemoteLines(this, file, isBefore);
  }

  #lastOf(file: RunFile): number {
    return this.#pieces[file].at(-1)?.last ?? 0;
  }

  #bound(size: number): void {
    const { log } = this.#pieces;
    this.#logSize += size;
    if (this.#logSize <= this.maxLog * SLACK) return;
    while (log.length > 1 && this.#logSize - log[0]!.size >= this.maxLog) {
      const oldest = log.shift()!;
      this.#logSize -= oldest.size;
      this.bytes -= oldest.body.length;
    }
  }
}

/**
 * Bytes of the lines of a piece; null if it is damaged: it must end with the line that it should
 * end with.
 */
async function sizeOf({ body, last }: Piece): Promise<number | null> {
  const lines = await decompress(body).catch(() => null);
  if (lines === null || lines.at(-1) !== NEWLINE) return null;
  const start = lines.lastIndexOf(NEWLINE, lines.length - 2) + 1;
  return seqOfRecord(lines.toString("utf8", start, lines.length - 1)) === last
    ? lines.length
    : null;
}

const NEWLINE = 10;

interface Line {
  seq: number;
  text: string;
}

function linesOf({ body, first }: HeldPiece): Line[] {
  const texts = decompressSync(body).toString("utf8").split("\n");
  texts.pop();
  let last = first;
  // A damaged line has no number: it stays beside the line before it.
  return texts.map((text) => {
    last = seqOfRecord(text) ?? last;
    return { seq: last, text };
  });
}

class RemoteLines implements LineReader {
  /** The last line that was read, or skipped. */
  #last: Line = { seq: 0, text: "" };
  /** Lines of the present piece, not yet read. */
  #rest: Line[] = [];

  constructor(
    private readonly files: RemoteFiles,
    private readonly file: RunFile,
    isBefore?: (line: string) => boolean,
  ) {
    if (isBefore) this.#skip(isBefore);
  }

  read(onLine: (line: string) => void, maxBytes = Number.POSITIVE_INFINITY): boolean {
    let taken = 0;
    for (let line = this.#next(); line !== null; line = taken < maxBytes ? this.#next() : null) {
      taken += line.text.length + 1;
      onLine(line.text);
    }
    return taken > 0;
  }

  close(): void {
    this.#rest = [];
  }

  #next(): Line | null {
    if (this.#rest.length === 0) this.#load();
    if (this.#rest.length === 0 || this.#rest[0]!.seq > this.files.upTo) return null;
    this.#last = this.#rest.shift()!;
    return this.#last;
  }

  #load(): void {
    const { seq } = this.#last;
    const piece = this.files.pieces(this.file).find(({ last }) => last > seq);
    if (piece === undefined) return;
    this.#rest = linesOf(piece).filter((line) => line.seq > seq);
    const [next] = this.#rest;
    if (this.file !== "log" || piece.first <= seq + 1 || next === undefined) return;
    const note = noteOfGap(this.#last, next, piece.first - 1);
    if (note !== null) this.#rest.unshift(note);
  }

  /** Finds the last piece that begins with a line before, and skips its lines before. */
  #skip(isBefore: (line: string) => boolean): void {
    const pieces = this.files.pieces(this.file);
    let [low, high] = [0, pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(linesOf(pieces[middle]!)[0]!.text)) low = middle + 1;
      else high = middle;
    }
    const piece = pieces[low - 1];
    if (piece === undefined) return;
    const lines = linesOf(piece);
    const wanted = lines.findIndex(({ text }) => !isBefore(text));
    this.#last = lines[(wanted === -1 ? lines.length : wanted) - 1]!;
  }
}

/**
 * The note before a line that does not follow the line before it.
 *
 * @param seq number of the last line of the gap
 * @returns null if no line is missing, or a line is damaged
 */
function noteOfGap(before: Line, after: Line, seq: number): Line | null {
  const next = parseRecord<LogRecord>(after.text);
  const last = before.seq === 0 ? 0 : (parseRecord<LogRecord>(before.text)?.n ?? null);
  if (next === null || last === null || firstOf(next) - 1 <= last) return null;
  const n = firstOf(next) - 1;
  const lines = last === 0 ? `lines up to ${n}` : `lines ${last + 1} to ${n}`;
  const text = `${lines} were cut: the fleet keeps the newest lines of a long log`;
  const { at, attempt } = next;
  const note: LogRecord = { n, seq, at, attempt, stage: null, stream: "liveops", lines: [text] };
  return { seq, text: encodeRecord(note).trimEnd() };
}
