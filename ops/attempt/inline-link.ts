/**
 * Runs one operation in this process, for `liveops run` and `liveops/testing`. The watcher gets the
 * same events as from a daemon.
 */
import { isMainThread } from "node:worker_threads";
import type {
  DaemonEvent,
  EventBody,
  OperationEvent,
  Outcome,
  Submission,
} from "../../protocol/event.js";
import type { LogLine, LogStream, Operation, Resources } from "../../protocol/operation.js";
import { RecordBuilder, submittedRecord } from "../../protocol/reduce.js";
import { orAborted } from "../../protocol/system/until.js";
import { firstLine } from "../../protocol/text/first-line.js";
import type { Capture } from "../programs/capture-output.js";
import type { TerminalHost } from "../programs/terminals.js";
import { type OperationCtor, readType } from "../types/read-type.js";
import type { Ask } from "./approvals.js";
import { InlineStop } from "./cancellation.js";
import type { ChildRunner } from "./children.js";
import { type Clock, SYSTEM_CLOCK } from "./clock.js";
import { asAttempt } from "./current-step.js";
import { MemoryStageValues } from "./memory-values.js";
import { enterOperationVariables, setStageVariable } from "./operation-variables.js";
import { retryDelay } from "./retry-delay.js";
import { type AttemptOptions, CANCELLED, cwdGone, runAttempt } from "./run-attempt.js";
import type { Order, StageValues } from "./sink.js";
import { keptBefore } from "./stage-values.js";
import { OwnUsage } from "./usage.js";
import { AttemptWriter } from "./writer.js";

type Body<F extends OperationEvent> = F extends unknown ? Omit<F, "seq" | "at" | "attempt"> : never;

/** What differs from the first attempt of a submitted operation. */
export interface LinkOptions extends AttemptOptions {
  /** Number of the attempt. Default: one more than that of the record. */
  attempt?: number;
  /** Stored stage values. Default: none. */
  values?: StageValues | null;
  /**
   * Whether the automatic retries of the type apply, with stage values in memory. Default: false.
   */
  retries?: boolean;
  /** The finished record that this attempt retries, and the stage to start from. */
  retried?: { record: Operation; from: string | null };
  /**
   * Makes what runs the operations inside of an attempt. `idle`: none of them runs any more.
   * Default: none can run.
   */
  childrenOf?: (
    submission: Submission,
    attempt: number,
  ) => ChildRunner & { idle(): Promise<unknown> };
  /** Called after each event. */
  onRecord?: (record: Operation) => void;
}

/** What operations inside of an attempt have of its run. */
export interface InlineParts {
  watcher: InlineWatcher;
  options: Pick<LinkOptions, "clock" | "findType" | "stampsDir" | "ask" | "retries">;
  flush(): void;
  isCancelled?: (() => boolean) | undefined;
}

/**
 * One operation of an inline run. Creates the events of the daemon and of a worker, from submitted
 * to finished, with the same numbers, and passes them to a watcher instead of files.
 */
export class InlineLink extends AttemptWriter {
  readonly #builder: RecordBuilder;
  readonly #clock: Clock;
  #attemptNumber: number;
  /** The operation's code may still be running, after its grace period. */
  #isAbandoned = false;
  #seq: number;
  #over = false;

  constructor(
    private readonly submission: Submission,
    private readonly watcher: InlineWatcher,
    private readonly options: LinkOptions = {},
  ) {
    super();
    this.onStage = (stage) => {
      if (!this.#over) setStageVariable(stage);
    };
    const { clock = SYSTEM_CLOCK, retried } = options;
    this.#clock = clock;
    const record = retried?.record ?? submittedRecord(submission, clock.time(), 0);
    this.#seq = record.seq;
    this.#attemptNumber = options.attempt ?? record.attempt + 1;
    this.#builder = new RecordBuilder(record);
    if (retried === undefined) this.#say({ type: "operation:submitted", operation: submission });
    else this.#say({ type: "operation:retried", from: retried.from });
  }

  get record(): Operation {
    return this.#builder.record;
  }

  protected append(body: EventBody): void {
    this.#say(body);
  }

  protected appendLines(
    stream: LogStream,
    stage: string | null,
    texts: readonly string[],
    step?: string,
  ): void {
    for (const text of this.#over ? [] : texts) {
      const n = this.#builder.logLines + 1;
      const at = this.#clock.time();
      const place = { stage, step };
      const line: LogLine = {
        n,
        seq: ++this.#seq,
        at,
        attempt: this.#attemptNumber,
        ...place,
        stream,
        text,
      };
      this.#builder.addLine(line);
      this.watcher.line(line, this.submission.id);
    }
  }

  /**
   * Runs the operation until it is finished, with its retries.
   *
   * @param flush - passes on output of the process without a line end
   */
  async run(
    Type: OperationCtor,
    signal: AbortSignal,
    flush: () => void,
    isCancelled?: () => boolean,
  ): Promise<Outcome> {
    const { retry, resumable } = readType(Type);
    const isRetried = this.options.retries === true && retry !== null;
    /** Where another attempt may need them. */
    let kept: MemoryStageValues | null = null;
    for (let tries = 0; ; tries++) {
      this.#say({ type: "attempt:started" });
      this.#say({ type: "attempt:accepted", pid: process.pid });
      const started = this.#clock.now();
      const usage = new OwnUsage();
      if (isRetried && resumable)
        kept = new MemoryStageValues(
          this.submission.params,
          this.#attemptNumber,
          kept?.before(null, []),
        );
      const values = this.options.values ?? kept;
      const outcome =
        cwdGone(this.submission.cwd) ?? (await this.#attempt(Type, values, signal, isCancelled));
      flush();
      const seconds = Math.round(this.#clock.now() - started) / 1000;
      const resources = usage.end();
      // `runAttempt` has masked the outcome.
      this.#say({
        type: "attempt:finished",
        seconds,
        resources: resources ?? undefined,
        ...outcome,
      });
      const delay =
        !isRetried || this.#isAbandoned || signal.aborted
          ? null
          : retryDelay(retry, tries, outcome);
      if (delay === null) {
        this.finish(outcome, resources);
        return outcome;
      }
      if (!(await this.#waitFor(outcome, delay * 1000, signal))) return this.#cancelled();
    }
  }

  /**
   * Queued again, until the next attempt. Returns false if the operation was cancelled meanwhile.
   */
  async #waitFor({ error }: Outcome, ms: number, signal: AbortSignal): Promise<boolean> {
    const reason = `${firstLine(error?.message ?? "")} (${error?.code})`;
    const retryAt = new Date(Date.parse(this.#clock.time()) + ms).toISOString();
    this.#say({ type: "attempt:requeued", reason, retryAt });
    this.#attemptNumber++;
    this.leaveStages();
    return waited(this.#clock, ms, signal);
  }

  #cancelled(): Outcome {
    this.#say({ type: "cancel:requested", reason: "cancel" });
    this.finish(CANCELLED);
    return CANCELLED;
  }

  finish({ next, ...outcome }: Outcome, resources: Resources | null = null): void {
    if (this.#over) return;
    this.#say({
      type: "operation:finished",
      ...outcome,
      next: next?.id ?? null,
      resources: resources ?? undefined,
    });
    this.#over = true;
  }

  async #attempt(
    Type: OperationCtor,
    values: StageValues | null,
    signal: AbortSignal,
    isCancelled?: () => boolean,
  ): Promise<Outcome> {
    const before = process.cwd();
    // The threads of a test runner have no chdir.
    const isElsewhere = isMainThread || before !== this.submission.cwd;
    if (isElsewhere) process.chdir(this.submission.cwd);
    const stop = new InlineStop(
      Type,
      signal,
      (reason) => this.#say({ type: "cancel:requested", reason }),
      isCancelled,
      this.options,
    );
    const order = this.#order();
    const { ask = this.watcher.ask ?? "there is nobody to ask" } = this.options;
    const children = this.options.childrenOf?.(this.submission, this.#attemptNumber);
    const options = {
      ...this.options,
      ask: typeof ask === "string" ? ask : this.#asking(ask),
      children,
    };
    const leaveVariables = enterOperationVariables(order);
    try {
      const terminals = this.watcher.terminals ?? null;
      const attempt = asAttempt(this, () =>
        runAttempt(Type, order, this, stop, values, options, terminals),
      );
      return await Promise.race([attempt, stop.graceOver]);
    } finally {
      this.#isAbandoned = stop.abandoned.aborted;
      // The code may not have awaited them. They leave the variables and the directory as they
      // found them.
      if (!this.#isAbandoned) await children?.idle();
      leaveVariables();
      stop.dispose();
      if (isElsewhere) process.chdir(before);
    }
  }

  /**
   * The attempt waits for the answer, until it is cancelled and at most as long as the question
   * says.
   */
  #asking(ask: Ask): Ask {
    return async (question, signal) => {
      const { until, default: fallback } = question;
      const over = new AbortController();
      const answers = [ask(question, AbortSignal.any([signal, over.signal]))];
      let clear = () => {};
      if (until !== null)
        answers.push(
          new Promise((resolve) => {
            const ms = Math.max(0, Date.parse(until) - Date.parse(this.#clock.time()));
            clear = this.#clock.schedule(ms, () => resolve({ choice: fallback, by: null }), true);
          }),
        );
      try {
        const answer = await orAborted(Promise.race(answers), signal);
        over.abort();
        this.#say({ type: "approval:answered", ...answer });
        return answer;
      } finally {
        clear();
        over.abort();
      }
    };
  }

  #order(): Order {
    const { id, op, title, label, cwd, params, stages, chain, force } = this.submission;
    const numbers = { seq: this.#seq, logLines: this.#builder.logLines };
    const attempt = this.#attemptNumber;
    const { approvals } = this.record;
    const { from = null } = this.options.retried ?? {};
    const order = {
      id,
      op,
      title,
      label,
      cwd,
      params,
      stages,
      chain,
      attempt,
      env: {},
      ...numbers,
      slot: 1,
    };
    return {
      ...order,
      force,
      ...(from !== null && { from: keptBefore(from, stages).from }),
      approvals,
    };
  }

  #say(body: EventBody | Body<DaemonEvent>): void {
    if (this.#over) return;
    // The daemon's event during an attempt has no number (protocol/event.ts).
    const seq = body.type === "cancel:requested" ? 0 : ++this.#seq;
    const attempt = body.type === "attempt:started" ? this.#attemptNumber : this.#builder.attempt;
    const { type, ...rest } = body;
    const event = { seq, at: this.#clock.time(), attempt, type, ...rest } as OperationEvent;
    this.#builder.add(event);
    this.watcher.event(event, this.submission.id);
    this.options.onRecord?.(this.#builder.record);
  }
}

/** Waits for the time. Resolves with false, at once, if the signal is aborted. */
function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isOver: boolean) => {
      clear();
      signal.removeEventListener("abort", onAbort);
      resolve(isOver);
    };
    const onAbort = () => end(false);
    const clear = clock.schedule(ms, () => end(true), true);
    signal.addEventListener("abort", onAbort);
  });
}

/**
 * Receives the events and lines of an inline run, synchronously and in order; `id` is that of the
 * operation.
 */
export interface InlineWatcher {
  event(event: OperationEvent, id: string): void;
  line(line: LogLine, id: string): void;
  /** Connects the terminals of programs (`tty`) with the person. Default: nobody can type. */
  readonly terminals?: TerminalHost;
  /** Asks the person, or says why nobody can be asked. Default: there is nobody. */
  readonly ask?: Ask | string;
  /**
   * Called first, with the writers to the terminal, because the output of the operation is
   * captured.
   */
  started?(real: Capture["real"]): void;
  /** Called before each operation of the chain. */
  begins?(Type: OperationCtor): void;
}
