/**
 * Implements `Progress` for one attempt: sends stages, progress bar, status and log to the sink; keeps the outcome.
 */
import type { StopReason } from "../../protocol/event.js";
import { MAX_STATUS } from "../../protocol/limits.js";
import type { LogStream } from "../../protocol/operation.js";
import { exec } from "../programs/exec.js";
import { TtyMissing } from "../programs/pty.js";
import { AttemptTerminals, type TerminalHost } from "../programs/terminals.js";
import type { ExecOptions, ExecResult } from "../sdk/exec.js";
import type { OperationClass, Progress, StatusLevel, TrackOptions } from "../sdk/live-operation.js";
import type { Masker } from "../secrets/masker.js";
import type { Cancellation } from "./cancellation.js";
import type { Clock } from "./clock.js";
import { Failure } from "./failure.js";
import { type KeyedHost, type KeyedOptions, trackKeyedAsync, trackKeyedSync } from "./keyed-track.js";
import { Meter } from "./meter.js";
import { OutcomeCalls } from "./outcome-calls.js";
import type { Sink, StageValues } from "./sink.js";
import { type RunnerStageOptions, Stages } from "./stages.js";
import { trackAsync, trackSync } from "./track.js";

const LEVELS: readonly StatusLevel[] = ["info", "success", "warning", "error"];

/** Share of the grace period that a program of `exec` gets at most, and the most seconds. */
const EXEC_SHARE = 0.8;
const MAX_EXEC_GRACE = 8;

export class AttemptProgress implements Progress<unknown> {
  readonly stages: Stages;
  readonly outcome = new OutcomeCalls();
  /** Hides secrets in everything that is reported. */
  readonly masker: Masker;
  readonly #meter: Meter;
  readonly #sink: Sink;
  readonly #cancellation: Cancellation;
  /** Blocks that may still be running. */
  #running: Promise<unknown>[] = [];
  #notedNoPercent = false;
  #notedNoKeys = false;
  /** Names of the programs of `exec` that are running. */
  readonly #programs = new Map<Promise<unknown>, string>();
  /** Aborts when the attempt is over. */
  readonly #over = new AbortController();
  readonly #gracePeriod: number;
  readonly #terminals: AttemptTerminals;

  constructor(
    declared: readonly string[],
    writer: Sink,
    cancellation: Cancellation,
    values: StageValues | null,
    gracePeriod: number,
    clock: Clock,
    host: TerminalHost | null,
    /** The name of the type, if later attempts begin from the start; null: they do not. */
    private readonly notResumable: string | null,
  ) {
    this.#gracePeriod = gracePeriod;
    this.masker = writer.masker;
    // A forgotten timer must not write into the files of the next attempt.
    const isOver = () => this.#over.signal.aborted;
    const sink: Sink = {
      masker: writer.masker,
      event: (...report) => isOver() || writer.event(...report),
      line: (...report) => isOver() || writer.line(...report),
    };
    this.#sink = sink;
    this.#terminals = new AttemptTerminals((body) => sink.event(body, false), host, this.masker);
    this.#cancellation = cancellation;
    this.#meter = new Meter(
      (percent, progress) => sink.event({ type: "progress:changed", percent, progress }, false),
      (status) => sink.event({ type: "status:changed", status }, false),
      clock,
    );
    this.stages = new Stages(declared, sink, this.#meter, cancellation, values);
    // Bound, because authors pass these methods as callbacks: lines.on("line", p.log).
    this.log = this.log.bind(this);
    this.status = this.status.bind(this);
    this.percent = this.percent.bind(this);
    this.checkCancelled = this.checkCancelled.bind(this);
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  get clock(): Clock {
    return this.#meter.clock;
  }

  /** Why the attempt must stop; null: no stop was requested. */
  get stopReason(): StopReason | null {
    return this.#cancellation.reason;
  }

  stage<R>(
    name: string,
    block: () => R,
    options?: RunnerStageOptions & { allowFailure?: false },
  ): Promise<Awaited<R>>;
  stage<R>(name: string, block: () => R, options: RunnerStageOptions): Promise<Awaited<R> | undefined>;
  stage<R>(name: string, block: () => R, options?: RunnerStageOptions): Promise<Awaited<R> | undefined> {
    const running = this.stages.tracked(name, block, options);
    // A forgotten await often starts a second stage, and nothing awaits this promise either. The misuse is
    // recorded and fails the attempt, so the rejection need not end the process too.
    if (this.stages.misuse !== null) running.catch(() => {});
    return this.#remember(running);
  }

  skip(name: string, reason: string): void {
    this.stages.skip(name, this.masker.mask(String(reason)).slice(0, MAX_STATUS));
  }

  untracked<R>(name: string, block: () => R): Promise<Awaited<R>> {
    return this.#remember(this.stages.untracked(name, block));
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
    if (typeof sync === "function")
      return trackSync(items as Iterable<T>, options, this.#meter, this.#cancellation);
    if (typeof async === "function")
      return trackAsync(items as AsyncIterable<T>, options, this.#meter, this.#cancellation);
    throw new TypeError("p.track takes an iterable or an async iterable: an array, a Set, a stream, …");
  }

  percent(value: number): void {
    // A numeric text is accepted too: child.stdout.on("data", p.percent).
    const text = typeof value === "string" ? (value as string).trim() : "";
    const percent = text === "" ? value : Number(text);
    if (Number.isFinite(percent)) this.#meter.set(percent);
    else this.#noteNoPercent(value);
  }

  status(text: string, level: StatusLevel = "info"): void {
    if (!LEVELS.includes(level))
      throw new TypeError(`p.status takes one of the levels ${LEVELS.join(", ")}, not ${String(level)}`);
    this.#meter.status({ text: this.masker.mask(String(text)).slice(0, MAX_STATUS), level });
  }

  log(line: string): void {
    // A line feed at the end, as in the output of a child process, adds no empty line.
    this.#sink.line("log", this.stages.current, String(line).replace(/\r?\n$/, ""));
  }

  result(value: unknown): void {
    this.outcome.setResult(value, new Error("p.result"));
  }

  error(message: string): void {
    this.outcome.setError(this.masker.mask(String(message)), new Error("p.error"));
  }

  chainTo(type: OperationClass | string, params: object = {}): void {
    this.outcome.setNext(type, params, [], new Error("p.chainTo"));
  }

  /**
   * `chainTo` by the name of a type, which is found when `run` returns.
   *
   * @param words - `name=value`, read by the schema of the type
   */
  chainToNamed(op: string, params: object = {}, words: string[] = []): void {
    this.outcome.setNext(op, params, words, new Error("p.chainTo"));
  }

  exec(
    command: string,
    args: readonly string[] | undefined,
    options: ExecOptions & { capture: true },
  ): Promise<ExecResult & { stdout: string }>;
  exec(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  exec(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    // The lines belong to this stage, whatever runs when they come.
    const stage = this.stages.current;
    const bar = this.#meter.program();
    const host = {
      bar,
      now: () => this.clock.now(),
      masker: this.masker,
      signal:
        options?.afterStop === true ? this.#over.signal : AbortSignal.any([this.signal, this.#over.signal]),
      stopped: () => this.#cancellation.error(),
      checkLease: this.#cancellation.checkLease,
      // Before the grace period of the operation ends, so that the operation can clean up.
      grace: Math.min(MAX_EXEC_GRACE, this.#gracePeriod * EXEC_SHARE),
      line: (stream: LogStream, text: string) => this.#sink.line(stream, stage, text),
      status: (text: string, level?: StatusLevel) => this.status(text, level),
      terminals: this.#terminals,
    };
    const running: Promise<ExecResult> = exec(host, command, args, options)
      .catch((thrown: unknown) => {
        throw thrown instanceof TtyMissing ? new Failure("LIVEOPS_TTY_MISSING", thrown.message) : thrown;
      })
      .finally(() => {
        bar.release();
        this.#programs.delete(running);
      });
    this.#programs.set(running, options?.label ?? String(command));
    return running;
  }

  /** The name of a program that is still running; null if there is none. */
  get program(): string | null {
    return this.#programs.values().next().value ?? null;
  }

  checkCancelled(): void {
    this.#cancellation.check();
  }

  /**
   * Call when the attempt is over: sends the last value of the progress bar. Later reports and errors of blocks that
   * are still running are ignored.
   */
  close(): void {
    this.stages.close();
    this.#meter.flush();
    for (const running of this.#running) running.catch(() => {});
    for (const running of this.#programs.keys()) running.catch(() => {});
    // The default reason is an error with a stack, and nobody reads it.
    this.#over.abort("the attempt is over");
  }

  get #keyed(): KeyedHost {
    return {
      meter: this.#meter,
      cancellation: this.#cancellation,
      keys: () => this.stages.items,
      note: (text) => this.#sink.line("liveops", this.stages.current, text),
    };
  }

  /** Whether a loop with a `key` has a use for it. If not, the log says so once. */
  #remembers(): boolean {
    if (this.notResumable === null) return true;
    if (!this.#notedNoKeys) {
      const text = `p.track: the key has no effect, because ${this.notResumable} is not resumable; add: static resumable = true`;
      this.#sink.line("liveops", this.stages.current, text);
    }
    this.#notedNoKeys = true;
    return false;
  }

  /** Logs an invalid percent once. It does not throw, because a 0/0 must not fail an hour's work. */
  #noteNoPercent(value: unknown): void {
    if (this.#notedNoPercent) return;
    this.#notedNoPercent = true;
    const given = typeof value === "number" ? `${value}` : this.masker.quoted(value, 40);
    const text = `p.percent takes a number from 0 to 100, not ${given}; the progress bar does not change`;
    this.#sink.line("liveops", this.stages.current, text);
  }

  #remember<P extends Promise<unknown>>(running: P): P {
    if (this.stages.current === null) this.#running = [];
    this.#running.push(running);
    return running;
  }
}
