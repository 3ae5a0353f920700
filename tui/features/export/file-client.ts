/** The client of exported runs: answers from the file as a daemon does, and changes nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { type Methods, Requests } from "../../../protocol/client/methods.js";
import { Refusal } from "../../../protocol/errors.js";
import { WATCH_PING_MS } from "../../../protocol/limits.js";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { RouteName } from "../../../protocol/paths.js";
import type { LogPage, OperationPage } from "../../../protocol/replies.js";
import type { ListQuery, LogQuery } from "../../../protocol/requests.js";
import { isFinal } from "../../../protocol/state.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { withoutSequences } from "../../../protocol/text/sgr.js";
import { NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import { outermostOf, type RunSource } from "./source.js";

const PAGE = 1000;
/** Lines that are looked through at a time, going backwards for those that match. */
const WINDOW = 4000;
const WINDOW_MOST = 64_000;
/** Lines of one message of a stream. */
const BATCH = 1000;

class FileRequests extends Requests {
  readonly socket = "";

  private readonly runs: readonly RunSource[];

  /** @param name of the file, for messages */
  constructor(
    private readonly name: string,
    runs: readonly RunSource[],
  ) {
    super();
    // A child has a row of its own where the file does not have its parent.
    const outermost = outermostOf(runs);
    this.runs = runs.map((run) => (outermost.includes(run) ? withoutParent(run) : run));
  }

  async request(name: RouteName, [first, second]: readonly unknown[]): Promise<unknown> {
    switch (name) {
      case "list":
        return this.#list((first ?? {}) as ListQuery);
      case "show":
        return this.#run(first as string).record;
      case "log":
        return pageOf(this.#run(first as string), (second ?? {}) as LogQuery);
      case "why":
        return (await this.#run(first as string).why()) ?? this.#refuse("does not tell why");
      case "history":
        return { op: first, runs: 0, finished: 0, seconds: null, stages: {}, recent: [], next: [] };
      case "types":
        return { ops: [], errors: [] };
      case "forecast":
        return { at: new Date().toISOString(), emptyAt: null, operations: {} };
      case "queues":
        return { queues: [] };
      case "schedules":
        return { schedules: [] };
      case "hosts":
        return { fleet: null, hosts: [] };
      default:
        return this.#refuse("is an exported run, and cannot be changed");
    }
  }

  async *lines(name: RouteName, [first, second, third]: readonly unknown[]): AsyncGenerator<unknown> {
    if (name === "watch") yield* this.#watch(first as WatchQuery, second as AbortSignal | undefined);
    else if (name === "events")
      yield* eventsOf(this.#run(first as string), second as EventsQuery, third as AbortSignal | undefined);
    else this.#refuse("is an exported run, and cannot be changed");
  }

  async logText(id: string, query: LogQuery = {}): Promise<string> {
    let text = "";
    for await (const { lines } of this.logPages(id, query))
      text += lines.map((line) => `${line.text}\n`).join("");
    return text;
  }

  #run(id: string): RunSource {
    const fitting = this.runs.filter(({ record }) => record.id.startsWith(id));
    const [run] = fitting;
    if (run !== undefined && fitting.length === 1) return run;
    const ids = this.runs.map(({ record }) => record.id).join(", ");
    throw new Refusal("LIVEOPS_NO_SUCH_OPERATION", `${this.name} has no operation ${id}; it has ${ids}`);
  }

  #refuse(why: string): never {
    throw new Refusal("LIVEOPS_WRONG_STATE", `${this.name} ${why}`);
  }

  /** The newest first. A file has few operations: all are on the first page. */
  #list({ state, op, chain, parent, q, finishedAfter, limit, before }: ListQuery): OperationPage {
    const text = q?.toLowerCase() ?? "";
    const all = this.runs
      .map(({ record }) => record)
      .filter(
        (record) =>
          (state === undefined || state.includes(record.state)) &&
          (op === undefined || record.op === op) &&
          (chain === undefined || record.chain.id === chain) &&
          (parent === undefined || (record.parent?.id ?? "none") === parent) &&
          [record.id, record.op, record.title, record.label ?? ""].some((each) =>
            each.toLowerCase().includes(text),
          ),
      );
    // Nothing is new in a file.
    const operations =
      before !== undefined || finishedAfter !== undefined || limit === 0 ? [] : all.toReversed();
    return { operations, next: null, previous: null, total: all.length, cursor: "0" };
  }

  async *#watch(query: WatchQuery, signal: AbortSignal | undefined): AsyncGenerator<WatchLine> {
    const { operation, log = false, logAfter = 0 } = query ?? {};
    const runs = operation === undefined ? this.runs : [this.#run(operation)];
    const counts = { ...NO_COUNTS };
    for (const { record } of outermostOf(runs)) counts[record.state]++;
    yield { type: "snapshot", cursor: "0", counts, operations: runs.map(({ record }) => record) };
    const [run] = runs;
    if (log && operation !== undefined && run !== undefined) {
      for await (const lines of batches(run.log(logAfter), signal))
        yield { type: "log", id: run.record.id, lines };
      return;
    }
    while (signal?.aborted !== true) {
      await delay(WATCH_PING_MS, undefined, { signal }).catch(() => {});
      yield { type: "ping" };
    }
  }
}

function withoutParent({ record, ...run }: RunSource): RunSource {
  const { parent: _, ...alone } = record;
  return { ...run, record: alone };
}

type WatchQuery = { operation?: string; log?: boolean; logAfter?: number } | undefined;
type EventsQuery = { after?: number; log?: boolean } | undefined;

export type FileClient = FileRequests & Methods;
export const FileClient = FileRequests as new (
  ...args: ConstructorParameters<typeof FileRequests>
) => FileClient;

async function* batches(lines: AsyncIterable<LogLine>, signal?: AbortSignal): AsyncGenerator<LogLine[]> {
  let batch: LogLine[] = [];
  for await (const line of lines) {
    if (signal?.aborted) return;
    if (batch.push(line) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function matcher({ match, stage, step, stream }: LogQuery): (line: LogLine) => boolean {
  const text = match?.toLowerCase();
  return (line) =>
    (text === undefined || withoutSequences(line.text).toLowerCase().includes(text)) &&
    (stage === undefined || line.stage === stage) &&
    (step === undefined || line.step === step) &&
    (stream === undefined || line.stream === stream);
}

async function pageOf(run: RunSource, query: LogQuery): Promise<LogPage> {
  const { after = 0, before, tail, limit = PAGE } = query;
  const total = run.record.logLines;
  if (before === undefined && tail === undefined) {
    const fits = matcher(query);
    const lines: LogLine[] = [];
    for await (const line of run.log(after)) {
      if (!fits(line)) continue;
      if (lines.length === limit) return { lines, next: lines.at(-1)!.n, total };
      lines.push(line);
    }
    return { lines, next: null, total };
  }
  return pageBefore(run, before ?? total + 1, Math.min(tail ?? limit, limit), query);
}

/** In windows that grow, from the end. */
async function pageBefore(run: RunSource, before: number, most: number, query: LogQuery): Promise<LogPage> {
  const fits = matcher(query);
  const { match, stage, step: ofStep, stream } = query;
  const isFiltered = [match, stage, ofStep, stream].some((each) => each !== undefined);
  const total = run.record.logLines;
  let lines: LogLine[] = [];
  let end = before;
  for (let step = isFiltered ? WINDOW : most + 1; end > 1; step = Math.min(WINDOW_MOST, step * 2)) {
    const start = Math.max(0, end - 1 - step);
    const found: LogLine[] = [];
    for await (const line of run.log(start)) {
      if (line.n >= end) break;
      if (fits(line)) found.push(line);
    }
    lines = [...found, ...lines];
    if (lines.length > most) {
      const last = lines.slice(lines.length - most);
      return { lines: last, next: last[0]?.n ?? null, total };
    }
    end = start + 1;
  }
  return { lines, next: null, total };
}

/** Events, and log lines among them by their numbers. An event without a number stays behind the one before. */
async function* eventsOf(
  run: RunSource,
  { after = 0, log = false }: NonNullable<EventsQuery> = {},
  signal?: AbortSignal,
): AsyncGenerator<EventLine> {
  const lines = log ? run.log(0)[Symbol.asyncIterator]() : null;
  let line = await lines?.next();
  try {
    for await (const event of run.events()) {
      if (signal?.aborted) return;
      while (line !== undefined && !line.done && event.seq > 0 && line.value.seq < event.seq) {
        if (line.value.seq > after) yield { type: "log:line", ...line.value };
        line = await lines!.next();
      }
      if (event.seq === 0 || event.seq > after) yield event as EventLine;
    }
    for (; line !== undefined && !line.done; line = await lines!.next())
      if (line.value.seq > after) yield { type: "log:line", ...line.value };
    const { state } = run.record;
    if (isFinal(state)) yield { type: "end", state };
  } finally {
    await lines?.return?.();
  }
}

/** The operation that the screen begins with: the last that failed, else the last. */
export function firstShown(runs: readonly RunSource[]): Operation {
  const records = outermostOf(runs).map(({ record }) => record);
  return records.findLast(({ state }) => state === "failed") ?? records.at(-1)!;
}
