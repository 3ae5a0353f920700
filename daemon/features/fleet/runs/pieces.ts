/**
 * Pieces of run files: whole lines of one file of an attempt, compressed, as the engine keeps them.
 *
 * The pieces of a file are contiguous in `seq`: each begins with the number after the last line of
 * the piece before. A piece that the engine has lost is noticed by that.
 */
import { promisify } from "node:util";
import {
  constants,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";
import { ID_PATTERN } from "../../../../protocol/id.js";
import { MOST_LINE } from "../../../run-files/tail.js";
import type { RunFile } from "../engine/rows.js";

export const RUN_FILES: readonly RunFile[] = ["events", "log"];

/** An operation, and an attempt of it. */
export interface WantedRun {
  id: string;
  /** From 1; 0: none. */
  attempt: number;
}

/** As the cursor of a file that is not wanted. */
export const NOT_WANTED = Number.MAX_SAFE_INTEGER;

/** Most bytes of lines in a piece; a longer line is a piece of its own. */
export const PIECE_BYTES = 256 * 1024;

/**
 * Run files shrink to an eighth at level 1, in 1 ms a MiB. Level 3 costs half as much again and
 * saves nothing.
 */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * Bytes up to which a call to another thread costs more than the work, and lines go with the end of
 * their attempt.
 */
export const SHORT = 16 * 1024;

const deflated = promisify(zstdCompress);
const inflated = promisify(zstdDecompress);

export async function compress(lines: Buffer): Promise<Buffer> {
  return lines.length <= SHORT ? compressShort(lines) : deflated(lines, LEVEL);
}

/** @param lines of at most `SHORT` bytes */
export function compressShort(lines: Buffer): Buffer {
  return lines.length === 0 ? lines : zstdCompressSync(lines, LEVEL);
}

/** No piece holds more than the longest line of a run file. */
const BOUND = { maxOutputLength: MOST_LINE };

/** @throws the error of zlib if the body is damaged, or holds more than a piece may */
export async function decompress(body: Buffer): Promise<Buffer> {
  return body.length <= SHORT / 4 ? decompressSync(body) : inflated(body, BOUND);
}

/** @throws as `decompress` */
export function decompressSync(body: Buffer): Buffer {
  return zstdDecompressSync(body, BOUND);
}

/**
 * Whether the operation and its attempt may be part of a path.
 *
 * @param attempt - from 1
 */
export function isRunPath(id: string, attempt: number): boolean {
  return ID_PATTERN.test(id) && Number.isSafeInteger(attempt) && attempt >= 1;
}
