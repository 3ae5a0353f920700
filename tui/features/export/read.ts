/** Reads an exported file as runs. A file in the layout of `json.ts` is read as a stream, any other one as a whole. */
import { createReadStream, readFileSync, statSync } from "node:fs";
import type { OperationEvent } from "../../../protocol/event.js";
import { UsageError } from "../../../protocol/failures.js";
import { LineSplitter } from "../../../protocol/ndjson.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { Why } from "../../../protocol/why.js";
import { jsonLine } from "../../kit/output/json.js";
import { addTo, EXPORT_FORMAT, EXPORT_VERSION, type ExportChecksums, newSums } from "./json.js";
import { loadSchema } from "./load-schema.js";
import type { RunSource } from "./source.js";

/** Most bytes of a file that another program wrote anew. */
const MOST_WHOLE = 256 * 1024 * 1024;

/** An operation of a file. */
interface Exported {
  record: Operation;
  why?: Why | null;
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
    const read = (await isInLayout(file)) ? await readLines(file) : await readWhole(file);
    if (read.runs.length === 0) throw notExported(file, "it has no operation");
    return read;
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
    throw new UsageError(
      `${file} cannot be read: its version is ${String(version)}, and this liveops reads version ${EXPORT_VERSION}`,
      "open it with the liveops that wrote it",
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
  const changed = operations.flatMap(({ record, why = null, events, log, checksums }) => {
    const sums = newSums();
    addTo(sums.record, jsonLine(record));
    addTo(sums.why, jsonLine(why));
    for (const event of events) addTo(sums.events, jsonLine(event));
    for (const line of log) addTo(sums.log, jsonLine(line));
    return changedParts(record.id, sums, checksums);
  });
  const runs = operations.map(
    ({ record, why = null, events, log }): RunSource => ({
      name: `${file} (${record.id})`,
      record,
      why: async () => withoutCommands(why),
      events: () => iterate(events),
      log: (after = 0) => iterate(log.filter(({ n }) => n > after)),
    }),
  );
  return { runs, changed };
}

async function* iterate<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

function changedParts(
  id: string,
  sums: ReturnType<typeof newSums>,
  checksums: Partial<ExportChecksums> | undefined,
): string[] {
  return (["record", "why", "events", "log"] as const).flatMap((part) =>
    sums[part].digest("hex") === checksums?.[part] ? [] : [`the ${part} of ${id}`],
  );
}

/** The commands are for another daemon, and nobody should type what a file of somebody else says. */
const withoutCommands = (why: Why | null): Why | null => why && { ...why, next: [] };

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
  part: "record" | "why" | "events" | "log" | "operations",
  value: unknown,
  place: PropertyKey[],
): Promise<T> {
  if (isDeeper(value, MOST_DEPTH)) throw new Error(`a value is nested more than ${MOST_DEPTH} levels deep`);
  const { partProblem } = await loadSchema();
  const problem = partProblem(part, value, place);
  if (problem !== null) throw new Error(problem);
  // As it is in the file: with the keys of a later version.
  return value as T;
}

/** Reading, comparing and writing a value takes a call for each level. */
const MOST_DEPTH = 1000;

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((each) => isDeeper(each, most - 1));
}

/** One line of the layout; `at`: the byte at which it begins. */
type Row =
  | { part: "record" | "why"; operation: number; json: string; at: number }
  | { part: "events" | "log"; operation: number; json: string; at: number }
  | { part: "checksums"; operation: number; json: string; at: number };

async function* rowsOf(file: string): AsyncGenerator<Row> {
  let part: "events" | "log" | null = null;
  let operation = -1;
  let isClosed = false;
  let at = 0;
  for await (const line of linesOf(file)) {
    if (line === "]}") isClosed = true;
    else if (line.startsWith('{"record":')) {
      operation++;
      yield { part: "record", operation, at, json: line.slice('{"record":'.length, -1) };
    } else if (part === null && line.startsWith('"why":'))
      yield { part: "why", operation, at, json: line.slice('"why":'.length, -1) };
    else if (line === '"events":[') part = "events";
    else if (line === '"log":[') part = "log";
    else if (line === "],") part = null;
    else if (line.startsWith('"checksums":'))
      yield {
        part: "checksums",
        operation,
        at,
        json: line.slice('"checksums":'.length).replace(/\},?$/, ""),
      };
    else if (part !== null) yield { part, operation, at, json: withoutComma(line) };
    at += Buffer.byteLength(line) + 1;
  }
  if (!isClosed) throw new Error(DAMAGED);
}

const withoutComma = (line: string): string => (line.endsWith(",") ? line.slice(0, -1) : line);

/** Log lines between two of which the place in the file is known. */
const MARK_EVERY = 2000;

/** Where the log line with this number begins. */
interface Mark {
  readonly n: number;
  readonly at: number;
}

async function readLines(file: string): Promise<ReadExport> {
  const records: Operation[] = [];
  const whys: Array<Why | null> = [];
  const marks: Mark[][] = [];
  const changed: string[] = [];
  let sums = newSums();
  let lines = 0;
  for await (const { part, json, at } of rowsOf(file)) {
    if (part === "record") {
      records.push(await checked("record", parse(json), ["operations", records.length, "record"]));
      sums = newSums();
      marks.push([]);
      lines = 0;
    }
    if (part === "why") {
      const place = ["operations", records.length - 1, "why"];
      whys[records.length - 1] = await checked("why", parse(json), place);
    }
    if (part !== "checksums") addTo(sums[part], json);
    else changed.push(...changedParts(records.at(-1)!.id, sums, parse<ExportChecksums>(json)));
    if (part === "log" && lines++ % MARK_EVERY === 0) marks.at(-1)!.push({ n: parse<LogLine>(json).n, at });
  }
  const runs = records.map(
    (record, operation): RunSource => ({
      name: `${file} (${record.id})`,
      record,
      why: async () => withoutCommands(whys[operation] ?? null),
      events: () => events(file, operation),
      log: (after = 0) => logAfter(file, operation, marks[operation]!, after),
    }),
  );
  return { runs, changed };
}

async function* events(file: string, operation: number): AsyncGenerator<OperationEvent> {
  let n = 0;
  for await (const row of rowsOf(file)) {
    if (row.operation > operation) return;
    if (row.operation === operation && row.part === "events")
      yield await entry<OperationEvent>(file, "events", row.json, ["operations", operation, "events", n++]);
  }
}

/** Reads from the last known place before the line. */
async function* logAfter(
  file: string,
  operation: number,
  marks: readonly Mark[],
  after: number,
): AsyncGenerator<LogLine> {
  const at = marks.findLastIndex(({ n }) => n <= after + 1);
  const mark = marks[Math.max(0, at)];
  if (mark === undefined) return;
  let n = Math.max(0, at) * MARK_EVERY;
  for await (const line of linesOf(file, mark.at)) {
    if (line === "],") return;
    const read = await entry<LogLine>(file, "log", withoutComma(line), ["operations", operation, "log", n++]);
    if (read.n > after) yield read;
  }
}

async function entry<T>(
  file: string,
  part: "events" | "log",
  json: string,
  place: PropertyKey[],
): Promise<T> {
  try {
    return await checked<T>(part, parse(json), place);
  } catch (error) {
    throw notExported(file, (error as Error).message);
  }
}

/** @param start the byte at which a line begins */
async function* linesOf(file: string, start = 0): AsyncGenerator<string> {
  const ready: string[] = [];
  const splitter = new LineSplitter((line) => ready.push(line));
  for await (const chunk of createReadStream(file, { start })) {
    splitter.push(chunk as Buffer);
    yield* ready.splice(0);
  }
  splitter.push(Buffer.from("\n"));
  yield* ready.splice(0);
}
