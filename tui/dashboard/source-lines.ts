/** Reads the lines of a source file around the one that an error names. The error is untrusted, and so is its path. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Source } from "./core/model.js";

/** Lines before and behind the one that failed. */
const AROUND = 2;
/** Bytes of a file beyond which it is no source. */
const BYTES_MOST = 2 << 20;

/** @param since when the run began */
export async function readSource(file: string, line: number, since: string): Promise<Source> {
  const from = Math.max(1, line - AROUND);
  const none: Source = { file, line, from, lines: [], isNewer: false };
  // A FIFO would wait for a writer.
  const opened = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (opened === null) return none;
  try {
    const stat = await opened.stat();
    if (!stat.isFile() || stat.size > BYTES_MOST) return none;
    const lines = (await opened.readFile("utf8")).split(/\r?\n/);
    if (line > lines.length) return none;
    return {
      ...none,
      lines: lines.slice(from - 1, line + AROUND),
      isNewer: stat.mtimeMs > Date.parse(since),
    };
  } catch {
    return none;
  } finally {
    await opened.close();
  }
}
