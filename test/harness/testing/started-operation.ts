/** Runs one prepared attempt: collects what it reports, tells those who wait, and cancels. */

import { currentWriter, writeLine } from "../../../ops/attempt/current-step.js";
import {
  InlineLink,
  type InlineWatcher,
  type LinkOptions,
} from "../../../ops/attempt/inline-link.js";
import { childrenWith } from "../../../ops/attempt/inline-nested.js";
import type { MemoryStageValues } from "../../../ops/attempt/memory-values.js";
import { CANCELLED } from "../../../ops/attempt/run-attempt.js";
import { ANY_PIPELINE } from "../../../ops/pipeline/file-name.js";
import type { OperationClass } from "../../../ops/sdk/live-operation.js";
import type { ResultOf, StagesOf } from "../../../ops/sdk/statics.js";
import { typeOfSubmission } from "../../../ops/types/prepare.js";
import type { OperationCtor } from "../../../ops/types/read-type.js";
import type { OperationEvent, Outcome, Submission } from "../../../protocol/event.js";
import type { LogLine, LogStream, Operation } from "../../../protocol/operation.js";
import { reduceEvent } from "../../../protocol/reduce.js";
import type { FinalState } from "../../../protocol/state.js";
import { nextOf, type OperationRun, progressOf, type StageRun, stagesOf } from "./operation-run.js";
import { inProcess, runOutput } from "./process-state.js";
import type { CancelAt, EventOf, EventType, RunningOperation } from "./running-operation.js";

/** What a run starts with. */
export interface Prepared {
  Type: OperationCtor;
  submission: Submission;
  values: MemoryStageValues;
  options: LinkOptions;
  env: Record<string, string> | null;
}

interface Waiting {
  /** Takes each new event and log line; true: the wait is over. */
  take: (said: OperationEvent | LogLine) => boolean;
  /** The operation has ended. */
  end: (error: Error) => void;
}

export class StartedOperation<T extends OperationClass = OperationClass>
  implements RunningOperation<T>
{
  readonly finished: Promise<OperationRun<T>>;
  readonly events: OperationEvent[] = [];
  readonly log: LogLine[] = [];
  readonly #stop = new AbortController();
  readonly #waiting = new Set<Waiting>();
  readonly #inside = new ChildRuns();
  /** Of the operation under test. */
  #id = "";
  #ended: Error | null = null;

  constructor(
    private readonly type: T,
    prepare: () => Promise<Prepared>,
    private cancelAt: CancelAt | null,
  ) {
    this.finished = this.#run(prepare);
    // A test may wait for a stage alone; that wait then rejects.
    this.finished.catch(() => {});
  }

  get stages(): StageRun[] {
    return stagesOf(this.events);
  }

  cancel(): Promise<OperationRun<T>> {
    this.#stop.abort("cancel");
    return this.finished;
  }

  async untilStage(name: StagesOf<T>): Promise<void> {
    await this.untilEvent("stage:entered", ({ stage }) => stage === name);
  }

  untilEvent<E extends EventType>(
    type: E,
    fits: (event: EventOf<E>) => boolean = () => true,
  ): Promise<EventOf<E>> {
    const isIt = (said: OperationEvent | LogLine): said is EventOf<E> =>
      "type" in said && said.type === type && fits(said as EventOf<E>);
    return this.#until(this.events, isIt, `${type} happened`);
  }

  untilLog(wanted: string | RegExp | ((line: LogLine) => boolean)): Promise<LogLine> {
    const fits =
      typeof wanted === "function" ? wanted : (line: LogLine) => matches(wanted, line.text);
    const isIt = (said: OperationEvent | LogLine): said is LogLine =>
      !("type" in said) && fits(said);
    return this.#until(this.log, isIt, "such a log line was written");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel().catch(() => {});
  }

  async #run(prepare: () => Promise<Prepared>): Promise<OperationRun<T>> {
    try {
      const prepared = await prepare();
      const run = await this.#perform(prepared);
      const why = run.error === null ? "" : `: ${run.error.message}`;
      this.#end(new Error(`the operation ended as ${run.state}${why}`));
      return run;
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
  }

  async #perform({ Type, submission, values, options, env }: Prepared): Promise<OperationRun<T>> {
    this.#id = submission.id;
    const watcher = this.#watcher;
    const { clock, ask } = options;
    const inherited = { findType, ...(clock && { clock }), ...(ask !== undefined && { ask }) };
    const children = childrenWith({ watcher, options: inherited, flush: () => flush() });
    const link = new InlineLink(submission, watcher, { ...options, values, ...children });
    const output = runOutput(
      (...line) => writeLine(link, ...line),
      (...line) => (currentWriter()?.attempt ?? link).masker.cut(...line),
    );
    const flush = () => {
      for (const lines of Object.values(output)) lines.flush();
    };
    const isElsewhere = submission.cwd !== process.cwd();
    const outcome = await inProcess(output, env, isElsewhere, () =>
      link.run(Type, this.#stop.signal, flush),
    );
    const said = { type: this.type, events: this.events, log: this.log };
    const run = finishedRun(said, link.record, outcome, this.#inside.of(this.#id));
    kept.set(run, { submission, values });
    return run;
  }

  readonly #watcher: InlineWatcher = {
    event: (event, id) => {
      if (id !== this.#id) return this.#inside.event(event, id);
      this.events.push(event);
      const at = this.cancelAt;
      const isStage =
        at !== null && "stage" in at && event.type === "stage:entered" && event.stage === at.stage;
      if (isStage || (at !== null && "event" in at && event.type === at.event)) this.#cancelNow();
      this.#tell(event);
    },
    line: (line, id) => {
      if (id !== this.#id) return this.#inside.line(line, id);
      this.log.push(line);
      const at = this.cancelAt;
      if (at !== null && "log" in at && matches(at.log, line.text)) this.#cancelNow();
      this.#tell(line);
    },
  };

  #cancelNow(): void {
    this.cancelAt = null;
    void this.cancel();
  }

  #until<F extends OperationEvent | LogLine>(
    said: ReadonlyArray<OperationEvent | LogLine>,
    isIt: (said: OperationEvent | LogLine) => said is F,
    what: string,
  ): Promise<F> {
    return new Promise((resolve, reject) => {
      const found = said.find(isIt);
      if (found !== undefined) return resolve(found);
      const end = (ended: Error) =>
        reject(new Error(`${ended.message} (before ${what})`, { cause: ended }));
      if (this.#ended !== null) return end(this.#ended);
      const take = (each: OperationEvent | LogLine) => {
        if (!isIt(each)) return false;
        resolve(each);
        return true;
      };
      this.#waiting.add({ take, end });
    });
  }

  #tell(said: OperationEvent | LogLine): void {
    for (const waiting of this.#waiting) if (waiting.take(said)) this.#waiting.delete(waiting);
  }

  #end(ended: Error): void {
    this.#ended = ended;
    for (const waiting of this.#waiting) waiting.end(ended);
    this.#waiting.clear();
  }
}

/** What a later attempt needs of a run. */
interface Kept {
  submission: Submission;
  values: MemoryStageValues;
}

const kept = new WeakMap<OperationRun, Kept>();

export function keptOf(run: OperationRun): Kept | undefined {
  return kept.get(run);
}

/** The shipped type that runs any file, for `op` and `queue` of a pipeline. */
async function findType(op: string): Promise<OperationCtor> {
  if (op !== ANY_PIPELINE)
    throw new Error(`a test knows no type by its name, such as ${op}: pass the class`);
  return (await import("../../../ops/pipeline.js")).Pipeline as unknown as OperationCtor;
}

/** What an operation reported. */
interface Said<T> {
  type: T;
  events: OperationEvent[];
  log: LogLine[];
}

/** The operations inside of a run. */
class ChildRuns {
  readonly #said = new Map<string, Said<OperationClass>>();

  event(event: OperationEvent, id: string): void {
    if (event.type === "operation:submitted") {
      const type = typeOfSubmission(event.operation) as unknown as OperationClass;
      this.#said.set(id, { type, events: [], log: [] });
    }
    this.#said.get(id)?.events.push(event);
  }

  line(line: LogLine, id: string): void {
    this.#said.get(id)?.log.push(line);
  }

  /** The runs inside of the operation, in the order of their begin. */
  of(parent: string): OperationRun[] {
    return [...this.#said.values()].flatMap((said) => {
      const record = said.events.reduce<Operation | null>(reduceEvent, null)!;
      const end = said.events.findLast((event) => event.type === "attempt:finished");
      if (record.parent?.id !== parent) return [];
      return [finishedRun(said, record, end ?? CANCELLED, this.of(record.id))];
    });
  }
}

function finishedRun<T extends OperationClass>(
  { type, events, log }: Said<T>,
  record: Operation,
  outcome: Pick<Outcome, "next">,
  children: OperationRun[],
): OperationRun<T> {
  const { op, id, attempt, params, result, error } = record;
  return {
    type,
    op,
    id,
    attempt,
    params: params as OperationRun<T>["params"],
    state: record.state as FinalState,
    result: result as ResultOf<T>,
    error,
    next: nextOf(outcome),
    events,
    log,
    children,
    stages: stagesOf(events),
    progress: progressOf(events),
    statuses: events.flatMap((event) =>
      event.type === "status:changed" && event.step === undefined ? [event.status] : [],
    ),
    record,
    texts: (stream?: LogStream) =>
      log.filter((line) => stream === undefined || line.stream === stream).map(({ text }) => text),
  };
}

function matches(wanted: string | RegExp, text: string): boolean {
  return typeof wanted === "string" ? wanted === text : text.search(wanted) !== -1;
}
