/**
 * Implements `Progress` for one attempt: sends stages, progress bar, status and log to the sink;
 * keeps the outcome.
 */
import type { EventBody, StopReason } from "../../protocol/event.js";
import { MAX_STATUS } from "../../protocol/limits.js";
import { getOwn } from "../../protocol/objects.js";
import type { Approval } from "../../protocol/operation.js";
import { AttemptTerminals, type TerminalHost } from "../programs/terminals.js";
import type {
  ApproveOptions,
  EachOptions,
  OperationClass,
  Progress,
  StepProgress,
  StepsOptions,
} from "../sdk/live-operation.js";
import { type Ask, AttemptApprovals, cannotAsk } from "./approvals.js";
import type { Cancellation } from "./cancellation.js";
import type { ChildPlace, ChildRunner } from "./children.js";
import type { Clock } from "./clock.js";
import type { ItemKeys } from "./item-keys.js";
import { Meter } from "./meter.js";
import { OutcomeCalls } from "./outcome-calls.js";
import { Reports, until } from "./reports.js";
import type { FromPlace, Sink, StageValues, StepSeconds } from "./sink.js";
import { type RunnerStageOptions, Stages } from "./stages.js";
import {
  type RunnerStepsOptions,
  Steps,
  type StepTask,
  tasksOfEach,
  tasksOfParallel,
} from "./steps.js";
import type { WaitTime } from "./wait-time.js";

export class AttemptProgress extends Reports implements Progress<unknown> {
  readonly stages: Stages;
  readonly outcome = new OutcomeCalls();
  readonly approvals: AttemptApprovals;
  /** Blocks that may still be running. */
  #running: Promise<unknown>[] = [];

  constructor(
    declared: readonly string[],
    writer: Sink,
    cancellation: Cancellation,
    private readonly values: StageValues | null,
    gracePeriod: number,
    clock: Clock,
    host: TerminalHost | null,
    notResumable: string | null,
    /** For pipelines: where stamps are kept, and what runs whatever they say. */
    readonly build: { stampsDir: string | null; isForced: boolean; from: FromPlace | null },
    { answers, ask }: { answers: readonly Approval[]; ask: Ask | string | null },
    children: ChildRunner | null,
    private readonly stepSeconds: StepSeconds = {},
  ) {
    const over = new AbortController();
    const sink = until(over.signal, writer);
    const terminals = new AttemptTerminals((body) => sink.event(body, false), host, writer.masker);
    const meter = new Meter(
      (percent, progress) => sink.event({ type: "progress:changed", percent, progress }, false),
      (status) => sink.event({ type: "status:changed", status }, false),
      clock,
    );
    super({
      sink,
      meter,
      cancellation,
      over,
      terminals,
      gracePeriod,
      notResumable,
      children,
      childCalls: new Map(),
    });
    this.stages = new Stages(declared, sink, meter, cancellation, values);
    const now = () => Date.parse(clock.time());
    const event = (body: EventBody) => sink.event(body, true);
    const line = (text: string) => sink.line("liveops", this.stages.current, text);
    this.approvals = new AttemptApprovals({ answers, ask, cancellation, now, event, line });
  }

  protected place(): { stage: string | null } {
    return { stage: this.stages.current };
  }

  protected childPlace(): Omit<ChildPlace, "call"> {
    const stage = this.stages.active;
    return { stage, occurrence: stage === null ? 0 : this.stages.occurrence(stage) };
  }

  protected waitTime(): WaitTime {
    return this.stages.waitTime;
  }

  protected items(): ItemKeys {
    return this.stages.items;
  }

  /** Why the attempt must stop; null: no stop was requested. */
  get stopReason(): StopReason | null {
    return this.parts.cancellation.reason;
  }

  stage<R>(
    name: string,
    block: () => R,
    options?: RunnerStageOptions & { allowFailure?: false },
  ): Promise<Awaited<R>>;
  stage<R>(
    name: string,
    block: () => R,
    options: RunnerStageOptions,
  ): Promise<Awaited<R> | undefined>;
  stage<R>(
    name: string,
    block: () => R,
    options?: RunnerStageOptions,
  ): Promise<Awaited<R> | undefined> {
    const running = this.stages.tracked(name, block, options);
    // A forgotten await often starts a second stage, and nothing awaits this promise either. The
    // misuse is recorded and fails the attempt, so the rejection need not end the process too.
    if (this.stages.misuse !== null) running.catch(() => {});
    return this.#remember(running);
  }

  skip(name: string, reason: string): void {
    this.stages.skip(name, this.masker.mask(String(reason)).slice(0, MAX_STATUS));
  }

  untracked<R>(name: string, block: () => R): Promise<Awaited<R>> {
    return this.#remember(this.stages.untracked(name, block));
  }

  async parallel<T extends Readonly<Record<string, (s: StepProgress) => unknown>>>(
    steps: T,
    options: StepsOptions = {},
  ): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
    const results = await this.runSteps(tasksOfParallel(steps), options);
    // A key without a value would be no JSON, and most stages return what their steps return.
    const named = Object.keys(steps)
      .map((name, index) => [name, results[index]] as const)
      .filter(([, value]) => value !== undefined);
    return Object.fromEntries(named) as { [K in keyof T]: Awaited<ReturnType<T[K]>> };
  }

  async each<T, R>(
    items: Iterable<T>,
    block: (item: T, s: StepProgress) => R,
    { name, ...options }: EachOptions<T> = {},
  ): Promise<Awaited<R>[]> {
    return (await this.runSteps(tasksOfEach(items, block, name), options)) as Awaited<R>[];
  }

  /**
   * Runs steps of the active stage. @returns their values, in the order of the tasks; undefined:
   * skipped, or an allowed failure
   */
  runSteps(tasks: readonly StepTask[], options: RunnerStepsOptions): Promise<unknown[]> {
    const { active } = this.stages;
    if (active === null)
      throw new Error('steps run inside a stage: await p.stage("…", () => p.parallel({ … }))');
    const usual = getOwn(this.stepSeconds, active);
    const { waitTime } = this.stages;
    const parts = { ...this.parts, waitTime };
    this.stages.steps ??= new Steps(
      active,
      this.stages.occurrence(active),
      parts,
      this.values,
      usual,
    );
    return this.#remember(this.stages.steps.run(tasks, options));
  }

  async approve<C extends string = "yes">(
    question: string,
    options: ApproveOptions<C> = {},
  ): Promise<Exclude<C, "no">> {
    this.checkCancelled();
    const { notResumable } = this.parts;
    if (notResumable !== null)
      throw cannotAsk(
        `p.approve: ${notResumable} is not resumable, so it would begin from the start after the answer; add: static resumable = true`,
      );
    const step = this.stages.steps?.running ?? null;
    const running = this.running?.name ?? step;
    if (running !== null)
      throw cannotAsk(
        `p.approve was called while ${running} runs, and the wait ends it; ${running === step ? "ask before or after the steps" : "await it first"}`,
      );
    const text = this.masker.mask(String(question));
    const choice = await this.approvals.approve(text, options, this.stages.askingPlace);
    return choice as Exclude<C, "no">;
  }

  /** Aborts when the attempt is over, also where its code waits for an answer and never goes on. */
  get over(): AbortSignal {
    return this.parts.over.signal;
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

  /**
   * Call when the attempt is over: sends the last value of the progress bar. Later reports and
   * errors of blocks that are still running are ignored.
   */
  close(): void {
    this.stages.close();
    for (const running of this.#running) running.catch(() => {});
    this.end();
  }

  #remember<P extends Promise<unknown>>(running: P): P {
    if (this.stages.current === null) this.#running = [];
    this.#running.push(running);
    return running;
  }
}
