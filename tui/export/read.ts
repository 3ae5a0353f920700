/** Reads an exported file as runs. A file in the layout of `json.ts` is read as a stream, any other one as a whole. */
import { createReadStream, readFileSync, statSync } from "node:fs";
import type { OperationEvent } from "../../protocol/event.js";
import { UsageError } from "../../protocol/failures.js";
import { LineSplitter } from "../../protocol/ndjson.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { jsonLine } from "../kit/output/json.js";
import { addTo, EXPORT_FORMAT, EXPORT_VERSION, type ExportChecksums, newSum } from "./json.js";
import type { RunSource } from "./source.js";

/** Most bytes of a file that another program wrote anew. */
const MOST_WHOLE = 256 * 1024 * 1024;

/** A bundle of its own, because zod would slow down the start of every command. */
const SCHEMAS: string = "./schemas.js";

/** An operation of a file. */
interface Exported {
  record: Operation;
  events: OperationEvent[];
  log: LogLine[];
  checksums?: Partial<ExportChecksums>;
}

export interface ReadExport {
  readonly runs: readonly RunSource[];
  /** Parts that were changed after the export, such as `the log of k3f…`. */
  readonly changed: readonly string[];
}

/** @throws UsageError if the file is not an exported run */
export async function readExport(file: string): Promise<ReadExport> {
  try {
    return (await isInLayout(file)) ? await readLines(file) : await readWhole(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw notExported(file, (error as Error).message);
  }
}

function notExported(file: string, why: string): UsageError {
  return new UsageError(
    `${file} is not an exported run: ${why}`,
    "write one with: liveops export <id> -o run.json",
  );
}

const HEAD = new RegExp(`^\\{"format":"${EXPORT_FORMAT}","version":(\\d+),.*"operations":\\[$`);

async function isInLayout(file: string): Promise<boolean> {
  for await (const line of linesOf(file)) {
    const head = HEAD.exec(line);
    if (head !== null) checkVersion(file, Number(head[1]));
    return head !== null;
  }
  throw notExported(file, "it is empty");
}

function checkVersion(file: string, version: unknown): void {
  if (version !== EXPORT_VERSION)
    throw notExported(
      file,
      `its version is ${String(version)}, and this liveops reads version ${EXPORT_VERSION}`,
    );
}

async function readWhole(file: string): Promise<ReadExport> {
  const { size } = statSync(file);
  if (size > MOST_WHOLE)
    throw notExported(file, `it was formatted anew, and has more than ${MOST_WHOLE / 1024 / 1024} MiB`);
  const read = JSON.parse(readFileSync(file, "utf8")) as {
    format?: unknown;
    version?: unknown;
    operations?: unknown;
  };
  if (read?.format !== EXPORT_FORMAT) throw notExported(file, `its "format" is not "${EXPORT_FORMAT}"`);
  checkVersion(file, read.version);
  const operations = await checked<Exported[]>("operations", read.operations, ["operations"]);
  const changed = operations.flatMap(({ record, events, log, checksums }) => {
    const sums = { record: newSum(), events: newSum(), log: newSum() };
    addTo(sums.record, jsonLine(record));
    for (const event of events) addTo(sums.events, jsonLine(event));
    for (const line of log) addTo(sums.log, jsonLine(line));
    return changedParts(record.id, sums, checksums);
  });
  const runs = operations.map(
    ({ record, events, log }): RunSource => ({
      name: `${file} (${record.id})`,
      record,
      events: () => iterate(events),
      log: () => iterate(log),
    }),
  );
  return { runs, changed };
}

async function* iterate<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

function changedParts(
  id: string,
  sums: Record<keyof ExportChecksums, ReturnType<typeof newSum>>,
  checksums: Partial<ExportChecksums> | undefined,
): string[] {
  return (["record", "events", "log"] as const).flatMap((part) =>
    sums[part].digest("hex") === checksums?.[part] ? [] : [`the ${part} of ${id}`],
  );
}

const DAMAGED = "it is damaged, or not all of it is there";

function parse<T>(json: string): T {
  try {
    return JSON.parse(json) as T;
  } catch {
    throw new Error(DAMAGED);
  }
}

/** @throws Error with the place of what has a wrong type */
async function checked<T>(
  part: "record" | "events" | "log" | "operations",
  value: unknown,
  place: PropertyKey[],
): Promise<T> {
  const { partProblem } = (await import(SCHEMAS)) as typeof import("./schema.js");
  const problem = partProblem(part, value, place);
  if (problem !== null) throw new Error(problem);
  // As it is in the file: with the keys of a later version.
  return value as T;
}

/** One line of the layout. */
type Row =
  | { part: "record"; operation: number; json: string }
  | { part: "events" | "log"; operation: number; json: string }
  | { part: "checksums"; operation: number; json: string };

async function* rowsOf(file: string): AsyncGenerator<Row> {
  let part: "events" | "log" | null = null;
  let operation = -1;
  let isClosed = false;
  for await (const line of linesOf(file)) {
    if (line === "]}") isClosed = true;
    else if (line.startsWith('{"record":')) {
      operation++;
      yield { part: "record", operation, json: line.slice('{"record":'.length, -1) };
    } else if (line === '"events":[') part = "events";
    else if (line === '"log":[') part = "log";
    else if (line === "],") part = null;
    else if (line.startsWith('"checksums":'))
      yield { part: "checksums", operation, json: line.slice('"checksums":'.length).replace(/\},?$/, "") };
    else if (part !== null) yield { part, operation, json: line.endsWith(",") ? line.slice(0, -1) : line };
  }
  if (!isClosed) throw new Error(DAMAGED);
}

async function readLines(file: string): Promise<ReadExport> {
  const records: Operation[] = [];
  const changed: string[] = [];
  let sums = { record: newSum(), events: newSum(), log: newSum() };
  for await (const { part, json } of rowsOf(file)) {
    if (part === "record") {
      records.push(await checked("record", parse(json), ["operations", records.length, "record"]));
      sums = { record: newSum(), events: newSum(), log: newSum() };
    }
    if (part !== "checksums") addTo(sums[part], json);
    else changed.push(...changedParts(records.at(-1)!.id, sums, parse<ExportChecksums>(json)));
  }
  const runs = records.map(
    (record, operation): RunSource => ({
      name: `${file} (${record.id})`,
      record,
      events: () => entries<OperationEvent>(file, operation, "events"),
      log: () => entries<LogLine>(file, operation, "log"),
    }),
  );
  return { runs, changed };
}

async function* entries<T>(file: string, operation: number, part: "events" | "log"): AsyncGenerator<T> {
  let n = 0;
  for await (const row of rowsOf(file)) {
    if (row.operation > operation) return;
    if (row.operation === operation && row.part === part)
      try {
        yield await checked<T>(part, parse(row.json), ["operations", operation, part, n++]);
      } catch (error) {
        throw notExported(file, (error as Error).message);
      }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const ready: string[] = [];
  const splitter = new LineSplitter((line) => ready.push(line));
  for await (const chunk of createReadStream(file)) {
    splitter.push(chunk as Buffer);
    yield* ready.splice(0);
  }
  splitter.push(Buffer.from("\n"));
  yield* ready.splice(0);
}
