/**
 * Finds a line in a file of numbered JSON lines by binary search over byte offsets.
 *
 * Lines are sorted by number, so any line of a log of a million lines is found with some twenty
 * short reads.
 */
import { closeSync, fstatSync, readSync } from "node:fs";
import { openOwnFile, readAt } from "../../protocol/system/own-file.js";

const NEWLINE = 10;

/**
 * Offset of the first line for which `isBefore` is false; the file's end if there is none.
 *
 * @param from - offset of the line to begin with. Default: the first one
 */
export function seekLine(file: string, isBefore: (line: string) => boolean, from = 0): number {
  let fd: number;
  try {
    fd = openOwnFile(file);
  } catch {
    return from;
  }
  try {
    let low = from;
    let high = endOfLines(fd);
    // Invariant: every line that starts before `low` is before; the wanted one starts at or before
    // `high`.
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const line = lineAt(fd, middle, low);
      if (line === null || line.start >= high) {
        // No line starts between the middle and `high`: look at the first one after `low`.
        const first = lineAt(fd, low, low);
        if (first === null || !isBefore(first.text)) return low;
        low = first.end;
      } else if (isBefore(line.text)) low = line.end;
      else high = line.start;
    }
    return low;
  } finally {
    closeSync(fd);
  }
}

/** The first complete line of the file, without its newline; null if there is none. */
export function firstLineOfFile(file: string): string | null {
  let fd: number;
  try {
    fd = openOwnFile(file);
  } catch {
    return null;
  }
  try {
    // A file of zeros has no line, and reading it from its start takes long.
    return endOfLines(fd) === 0 ? null : (lineAt(fd, 0, 0)?.text ?? null);
  } finally {
    closeSync(fd);
  }
}

/** The complete lines of the file, the last one first, without their newlines. */
export function* linesBackwards(file: string): Generator<string> {
  let fd: number;
  try {
    fd = openOwnFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    for (let end = endOfLines(fd); end > 0; ) {
      const start = afterLastNewline(fd, end - 1);
      yield readAt(fd, start, end - 1).toString("utf8");
      end = start;
    }
  } finally {
    closeSync(fd);
  }
}

const PIECE = 4096;
/**
 * Where there is no newline, the next pieces are longer: of a long record, and of an unusual file.
 */
const LONGER = 16;
const LONG_PIECE = 1024 * 1024;
/** Bytes above which a file without a block of data counts as empty. */
const SPARSE = 1024 * 1024;

/** The byte after the last newline. An incomplete line or reserved space may follow it. */
function endOfLines(fd: number): number {
  const { size, blocks } = fstatSync(fd);
  if (size > SPARSE && blocks === 0) return 0;
  return afterLastNewline(fd, size);
}

/** The byte after the last newline before `before`; 0 if there is none. */
function afterLastNewline(fd: number, before: number): number {
  let most = PIECE;
  for (let end = before; end > 0; most = Math.min(LONG_PIECE, most * LONGER)) {
    const start = Math.max(0, end - most);
    const piece = Buffer.allocUnsafe(end - start);
    const length = readSync(fd, piece, 0, piece.length, start);
    const index = piece.subarray(0, length).lastIndexOf(NEWLINE);
    if (index !== -1) return start + index + 1;
    end = start;
  }
  return 0;
}

/**
 * The first complete line that starts at or after `from`; `aligned` is an offset at which a line is
 * known to start.
 */
function lineAt(
  fd: number,
  from: number,
  aligned: number,
): { start: number; end: number; text: string } | null {
  let start = from;
  if (from !== aligned) {
    const newline = indexOfNewline(fd, from - 1);
    if (newline === -1) return null;
    start = newline + 1;
  }
  const end = indexOfNewline(fd, start);
  if (end === -1) return null;
  const bytes = Buffer.alloc(end - start);
  readSync(fd, bytes, 0, bytes.length, start);
  return { start, end: end + 1, text: bytes.toString("utf8") };
}

function indexOfNewline(fd: number, from: number): number {
  const piece = Buffer.allocUnsafe(PIECE);
  for (let position = from; ; position += PIECE) {
    const length = readSync(fd, piece, 0, PIECE, position);
    if (length === 0) return -1;
    const index = piece.subarray(0, length).indexOf(NEWLINE);
    if (index !== -1) return position + index;
    if (length < PIECE) return -1;
  }
}
