/**
 * What code of an operation reports from one place: `p` for the code of the operation, and `s` for
 * the code of a step. Both track, log and run programs in the same way; each has its own progress
 * bar.
 */
import { MAX_STATUS } from "../../protocol/limits.js";
import type { LogStream, Operation } from "../../protocol/operation.js";
import { exec, type RunnerExecOptions } from "../programs/exec.js";
import { TtyMissing } from "../programs/pty.js";
import type { AttemptTerminals } from "../programs/terminals.js";
import { ExecError, type ExecOptions, type ExecResult } from "../sdk/exec.js";
import type {
  OperationClass,
  OperationOptions,
  StatusLevel,
  TrackOptions,
} from "../sdk/live-operation.js";
import type { Masker } from "../secrets/masker.js";
import { isOperationType } from "../types/read-type.js";
import type { Cancellation } from "./cancellation.js";
import type { ChildCall, ChildOptions, ChildPlace, ChildRunner } from "./children.js";
import type { Clock } from "./clock.js";
import { Failure } from "./failure.js";
import type { ItemKeys } from "./item-keys.js";
import {
  type KeyedHost,
  type KeyedOptions,
  trackKeyedAsync,
  trackKeyedSync,
} from "./keyed-track.js";
import type { Meter } from "./meter.js";
import { runChild } from "./nested.js";
import { stepVariables } from "./operation-variables.js";
import { takenParams } from "./outcome-calls.js";
import type { Sink } from "./sink.js";
import { trackAsync, trackSync } from "./track.js";
import type { WaitTime } from "./wait-time.js";

const LEVELS: readonly StatusLevel[] = ["info", "success", "warning", "error"];

/** Share of the grace period that a program of `exec` gets at most, and the most seconds. */
const EXEC_SHARE = 0.8;
const MAX_EXEC_GRACE = 8;

/** What all places of an attempt share. */
export interface AttemptParts {
  terminals: AttemptTerminals;
  /** In seconds. */
  gracePeriod: number;
  /** The name of the type, if later attempts begin from the start; null: they do not. */
  notResumable: string | null;
  /** Null: no operation can run inside of the attempt. */
  children: ChildRunner | null;
  /** Operations that began in the attempt, counted by their place (JSON). */
  childCalls: Map<string, number>;
}

export interface ReportsParts extends AttemptParts {
  sink: Sink;
  meter: Meter;
  cancellation: Cancellation;
  /** Aborts when the code that reports has ended. */
  over: AbortController;
}

export abstract class Reports {
  /** Hides secrets in everything that is reported. */
  readonly masker: Masker;
  /** Of the last program of `exec` that has exited; null: none, or a signal ended it. */
  exitCode: number | null = null;
  protected readonly parts: ReportsParts;
  #notedNoPercent = false;
  #notedNoKeys = false;
  /** The programs and operations that are running. */
  readonly #running = new Map<Promise<unknown>, Part>();

  constructor(parts: ReportsParts) {
    this.parts = parts;
    this.masker = parts.sink.masker;
    // Bound, because authors pass these methods as callbacks: lines.on("line", p.log).
    this.log = this.log.bind(this);
    this.status = this.status.bind(this);
    this.percent = this.percent.bind(this);
    this.checkCancelled = this.checkCancelled.bind(this);
  }

  /** Where a line belongs that is logged now. */
  protected abstract place(): { stage: string | null; step?: string };

  /** Where an operation belongs that begins now. */
  protected abstract childPlace(): Omit<ChildPlace, "call">;

  protected abstract waitTime(): WaitTime;

  /** The finished items of loops with a `key`. */
  protected abstract items(): ItemKeys;

  get signal(): AbortSignal {
    return this.parts.cancellation.signal;
  }

  get clock(): Clock {
    return this.parts.meter.clock;
  }

  track<T>(items: Iterable<T>, options?: TrackOptions<T>): Iterable<T>;
  track<T>(items: AsyncIterable<T>, options?: TrackOptions<T>): AsyncIterable<T>;
  track<T>(
    items: Iterable<T> | AsyncIterable<T>,
    options: TrackOptions<T> = {},
  ): Iterable<T> | AsyncIterable<T> {
    const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(items);
    if (options.key !== undefined && (sync ?? async) && this.#remembers())
      return typeof sync === "function"
        ? trackKeyedSync(items as Iterable<T>, options as KeyedOptions<T>, this.#keyed)
        : trackKeyedAsync(items as AsyncIterable<T>, options as KeyedOptions<T>, this.#keyed);
    const { meter, cancellation } = this.parts;
    if (typeof sync === "function")
      return trackSync(items as Iterable<T>, options, meter, cancellation);
    if (typeof async === "function")
      return trackAsync(items as AsyncIterable<T>, options, meter, cancellation);
    throw new TypeError(
      "p.track takes an iterable or an async iterable: an array, a Set, a stream, …",
    );
  }

  percent(value: number): void {
    // A numeric text is accepted too: child.stdout.on("data", p.percent).
    const text = typeof value === "string" ? (value as string).trim() : "";
    const percent = text === "" ? value : Number(text);
    if (Number.isFinite(percent)) this.parts.meter.set(percent);
    else this.#noteNoPercent(value);
  }

  status(text: string, level: StatusLevel = "info"): void {
    if (!LEVELS.includes(level))
      throw new TypeError(
        `p.status takes one of the levels ${LEVELS.join(", ")}, not ${String(level)}`,
      );
    this.parts.meter.status({ text: this.masker.mask(String(text)).slice(0, MAX_STATUS), level });
  }

  log(line: string): void {
    // A line feed at the end, as in the output of a child process, adds no empty line.
    this.#line("log", String(line).replace(/\r?\n$/, ""));
  }

  exec(
    command: string,
    args: readonly string[] | undefined,
    options: ExecOptions & { capture: true },
  ): Promise<ExecResult & { stdout: string }>;
  exec(command: string, args?: readonly string[], options?: RunnerExecOptions): Promise<ExecResult>;
  exec(
    command: string,
    args?: readonly string[],
    options?: RunnerExecOptions,
  ): Promise<ExecResult> {
    const { sink, meter, cancellation, over, terminals, gracePeriod } = this.parts;
    // The lines belong to this stage, whatever runs when they come.
    const { stage, step } = this.place();
    const bar = meter.program();
    const host = {
      bar,
      now: () => this.clock.now(),
      masker: this.masker,
      signal:
        options?.afterStop === true ? over.signal : AbortSignal.any([this.signal, over.signal]),
      stopped: () => cancellation.error(),
      checkLease: cancellation.checkLease,
      // Before the grace period of the operation ends, so that the operation can clean up.
      grace: Math.min(MAX_EXEC_GRACE, gracePeriod * EXEC_SHARE),
      line: (stream: LogStream, text: string) => sink.line(stream, stage, text, step),
      lines: (stream: LogStream, texts: readonly string[]) =>
        sink.outputLines(stream, stage, texts, step),
      status: (text: string, level?: StatusLevel) => this.status(text, level),
      terminals,
    };
    const own =
      step === undefined
        ? options
        : { ...options, env: { ...options?.env, ...stepVariables(step) } };
    const work = this.waitTime().part();
    const running = exec(host, command, args, own)
      .then(
        (result) => {
          this.exitCode = result.exitCode;
          return result;
        },
        (thrown: unknown) => {
          if (thrown instanceof ExecError) this.exitCode = thrown.exitCode;
          throw thrown instanceof TtyMissing
            ? new Failure("LIVEOPS_TTY_MISSING", thrown.message)
            : thrown;
        },
      )
      .finally(() => {
        bar.release();
        work.end();
      });
    const name = options?.label ?? String(command);
    return this.#remember({ name, call: `exec(${JSON.stringify(name)}, …)` }, running);
  }

  operation(
    type: OperationClass | string,
    params: object = {},
    { queue }: OperationOptions = {},
  ): Promise<unknown> {
    if (typeof type !== "string" && !isOperationType(type))
      throw new TypeError("p.operation takes an operation type: a class, or its name");
    const call = { type, params: params as ChildCall["params"], queue };
    const result = this.#run(call).then((last) => last.result);
    return this.#remember(partOf(call), result);
  }

  /**
   * Runs an operation inside of this one, to the end of its chain.
   *
   * @throws its error, with its place in the message; OperationCancelled after a stop request
   */
  child(call: ChildCall, options: ChildOptions = {}): Promise<Operation> {
    return this.#remember(partOf(call), this.#run(call, options));
  }

  async #run(call: ChildCall, options: ChildOptions = {}): Promise<Operation> {
    const { meter, over, childCalls } = this.parts;
    const at = this.childPlace();
    const key = JSON.stringify(at);
    const place = { ...at, call: (childCalls.get(key) ?? 0) + (call.again ? 0 : 1) };
    childCalls.set(key, place.call);
    const params = takenParams("p.operation", call);
    const bar = meter.program();
    const signals = [this.signal, over.signal, ...(options.signal ? [options.signal] : [])];
    const host = {
      ...this.parts,
      place,
      bar,
      waitTime: this.waitTime(),
      clock: this.clock,
      signal: AbortSignal.any(signals),
      status: (text: string, level?: StatusLevel) => this.status(text, level),
    };
    try {
      return await runChild(host, { ...call, params }, options);
    } finally {
      bar.release();
    }
  }

  /** Keeps a program or operation until it has ended. */
  #remember<R>(part: Part, ends: Promise<R>): Promise<R> {
    const running = ends.finally(() => this.#running.delete(running));
    this.#running.set(running, part);
    return running;
  }

  /**
   * Why the stage or step runs, where it might have been up to date. Its begin is durable when this
   * returns.
   */
  explain(reason: string): void {
    const { stage, step } = this.place();
    this.#line("liveops", reason);
    const text = this.masker.mask(reason).slice(0, MAX_STATUS);
    if (stage !== null)
      this.parts.sink.event({ type: "stage:explained", stage, step, reason: text }, true);
  }

  /** A program or operation that is still running; null if there is none. */
  get running(): Part | null {
    return this.#running.values().next().value ?? null;
  }

  checkCancelled(): void {
    this.parts.cancellation.check();
  }

  /**
   * Call when the code has ended: sends the last value of its bar. Later reports are ignored, and
   * programs stopped.
   */
  protected end(): void {
    this.parts.meter.flush();
    for (const running of this.#running.keys()) running.catch(() => {});
    // The default reason is an error with a stack, and nobody reads it.
    this.parts.over.abort("the attempt is over");
  }

  #line(stream: LogStream, text: string): void {
    const { stage, step } = this.place();
    this.parts.sink.line(stream, stage, text, step);
  }

  get #keyed(): KeyedHost {
    const { meter, cancellation } = this.parts;
    return {
      meter,
      cancellation,
      keys: () => this.items(),
      note: (text) => this.#line("liveops", text),
    };
  }

  /** Whether a loop with a `key` has a use for it. If not, the log says so once. */
  #remembers(): boolean {
    const { notResumable } = this.parts;
    if (notResumable === null) return true;
    if (!this.#notedNoKeys) {
      const text = `p.track: the key has no effect, because ${notResumable} is not resumable; add: static resumable = true`;
      this.#line("liveops", text);
    }
    this.#notedNoKeys = true;
    return false;
  }

  /**
   * Logs an invalid percent once. It does not throw, because a 0/0 must not fail an hour's work.
   */
  #noteNoPercent(value: unknown): void {
    if (this.#notedNoPercent) return;
    this.#notedNoPercent = true;
    const given = typeof value === "number" ? `${value}` : this.masker.quoted(value, 40);
    this.#line(
      "liveops",
      `p.percent takes a number from 0 to 100, not ${given}; the progress bar does not change`,
    );
  }
}

/** A program or operation that runs. */
interface Part {
  name: string;
  /** The call that the author must await, without `p.` or `s.`. */
  call: string;
}

function partOf({ type }: ChildCall): Part {
  const name = typeof type === "string" ? JSON.stringify(type) : type.name;
  return { name, call: `operation(${name}, …)` };
}

/**
 * A sink that ignores what comes after the end: a forgotten timer must not write into the files of
 * the next attempt.
 */
export function until(over: AbortSignal, sink: Sink): Sink {
  return {
    masker: sink.masker,
    event: (...report) => over.aborted || sink.event(...report),
    line: (...report) => over.aborted || sink.line(...report),
    outputLines: (...report) => over.aborted || sink.outputLines(...report),
  };
}
