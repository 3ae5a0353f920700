/**
 * Writes runs as one JSON document, piece by piece: an entry a line, so that a log of any length takes no memory. The
 * text has no control characters that a terminal acts on. `read.ts` reads it.
 */
import { createHash, type Hash } from "node:crypto";
import { VERSION } from "../../../protocol/version.js";
import { jsonLine } from "../../kit/output/json.js";
import type { RunSource } from "./source.js";

/** Value of the key `format`. */
export const EXPORT_FORMAT = "liveops-export";

/** Value of the key `version`. A later version may add keys; readers ignore keys that they do not know. */
export const EXPORT_VERSION = 1;

/** SHA-256 sums, in hex, of each part. */
export interface ExportChecksums {
  record: string;
  why: string;
  events: string;
  log: string;
}

/** Characters of a piece, so that a stream gets few writes. */
const PIECE = 64 * 1024;

export async function* jsonPieces(runs: readonly RunSource[], now: Date): AsyncGenerator<string> {
  const head = {
    format: EXPORT_FORMAT,
    version: EXPORT_VERSION,
    exportedAt: now.toISOString(),
    liveops: VERSION,
  };
  yield `${jsonLine(head).slice(0, -1)},"operations":[\n`;
  for (const [index, run] of runs.entries()) {
    if (index > 0) yield ",\n";
    yield* operationPieces(run);
  }
  yield "\n]}\n";
}

async function* operationPieces(run: RunSource): AsyncGenerator<string> {
  const record = jsonLine(run.record);
  const why = jsonLine(await run.why());
  const sums = newSums();
  addTo(sums.record, record);
  addTo(sums.why, why);
  yield `{"record":${record},\n"why":${why},\n"events":[\n`;
  yield* entries(run.events(), sums.events);
  yield `],\n"log":[\n`;
  yield* entries(run.log(), sums.log);
  const checksums: ExportChecksums = {
    record: sums.record.digest("hex"),
    why: sums.why.digest("hex"),
    events: sums.events.digest("hex"),
    log: sums.log.digest("hex"),
  };
  yield `],\n"checksums":${jsonLine(checksums)}}`;
}

async function* entries(values: AsyncIterable<unknown>, sum: Hash): AsyncGenerator<string> {
  let piece = "";
  let isFirst = true;
  for await (const value of values) {
    const line = jsonLine(value);
    addTo(sum, line);
    piece += isFirst ? line : `,\n${line}`;
    isFirst = false;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield isFirst ? "" : `${piece}\n`;
}

export function newSums(): Record<keyof ExportChecksums, Hash> {
  const sum = () => createHash("sha256");
  return { record: sum(), why: sum(), events: sum(), log: sum() };
}

/** A sum covers each entry as JSON, with a line feed. */
export function addTo(sum: Hash, json: string): void {
  sum.update(json).update("\n");
}
