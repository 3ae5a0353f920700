/**
 * Writes an operation as one JSON document, piece by piece: an entry a line, so that a log of any
 * length takes no memory. The text has no control characters that a terminal acts on.
 */
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { VERSION } from "../../../protocol/version.js";
import { listPages } from "../../cli/list-pages.js";
import { runOf } from "../../cli/run-source.js";
import { jsonLine } from "../../kit/output/json.js";

/** Characters of a piece, so that a stream gets few writes. */
const PIECE = 64 * 1024;

/** The operation, and behind it those that ran inside of it. */
export async function* jsonPieces(
  client: Client,
  operation: Operation,
  now: Date,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const head = {
    format: "liveops-export",
    version: 1,
    exportedAt: now.toISOString(),
    liveops: VERSION,
  };
  yield `${jsonLine(head).slice(0, -1)},"operations":[\n`;
  const records = await withInside(client, operation, signal);
  for (const [index, record] of records.entries()) {
    if (index > 0) yield ",\n";
    const run = runOf(client, record, signal);
    const why = await client.why(record.id, {}, signal);
    yield `{"record":${jsonLine(record)},\n"why":${jsonLine(why)},\n"events":[\n`;
    yield* entries(run.events());
    yield `],\n"log":[\n`;
    yield* entries(run.log());
    yield `]}`;
  }
  yield "\n]}\n";
}

async function withInside(
  client: Client,
  record: Operation,
  signal: AbortSignal,
): Promise<Operation[]> {
  const all = [record];
  const { operations } = await listPages(client, { parent: record.id });
  // A list leaves out large values and the names of the variables.
  for (const { id } of operations.reverse())
    all.push(...(await withInside(client, await client.show(id, signal), signal)));
  return all;
}

async function* entries(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let piece = "";
  let isFirst = true;
  for await (const value of values) {
    const line = jsonLine(value);
    piece += isFirst ? line : `,\n${line}`;
    isFirst = false;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield isFirst ? "" : `${piece}\n`;
}
