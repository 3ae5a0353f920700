/** Reads a pipeline file from disk, or from stdin. */
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { MAX_BYTES } from "./limits.js";
import { type ParsedPipeline, parsePipeline } from "./parse.js";
import { type PipelineProblem, problemLines } from "./problems.js";
import { tooLarge } from "./yaml-text.js";

/** A file that is not a pipeline. The message has the first problem, and the command that shows all of them. */
export class PipelineFault extends Error {
  constructor(path: string, problems: readonly PipelineProblem[]) {
    const [first = ""] = problemLines(basename(path), problems);
    const others = problems.length - 1;
    super(others > 0 ? `${first} (and ${others} more: liveops check ${path})` : first);
    // No name and no stack: they show only liveops.
    delete (this as Error).stack;
  }
}

/** @param path - absolute @throws the error of the system, such as ENOENT */
export function readPipelineFile(path: string): ParsedPipeline {
  const fd = openSync(path, "r");
  try {
    return read(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** @throws the error of the system */
export function readPipelineStdin(): ParsedPipeline {
  return read(0, null);
}

function read(fd: number, path: string | null): ParsedPipeline {
  const bytes = readBounded(fd);
  if (bytes === null) return refused(tooLarge());
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refused("the file is not text in UTF-8");
  }
  return parsePipeline(text, path);
}

function refused(message: string): ParsedPipeline {
  return { ok: false, problems: [{ line: 1, column: 1, key: "", message, nearest: [] }] };
}

/** Null: too large. Reads no more than needed to know, also of an endless stream. */
function readBounded(fd: number): Uint8Array | null {
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
  }
  return null;
}
