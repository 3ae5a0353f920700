/**
 * Runs the steps of a stage side by side: at most some at once, each with its own reports, bar and
 * stored value.
 *
 * The events of steps are durable soon after they are sent, and the end of a step beside which no
 * other runs at once. So a step that a person saw as done, or whose stage went on, does not run
 * again in a later attempt.
 */
import { availableParallelism } from "node:os";
import type { DoneByHand, EventBody } from "../../protocol/event.js";
import { MAX_AT_ONCE, MAX_STATUS, MAX_STEP_NAME, MAX_STEPS } from "../../protocol/limits.js";
import { getOwn } from "../../protocol/objects.js";
import { isPassed, isUnrun } from "../../protocol/stage-state.js";
import {
  type EachOptions,
  type StepProgress,
  StepsError,
  type StepsOptions,
} from "../sdk/live-operation.js";
import { whyNotJson } from "../types/json-value.js";
import type { Counted } from "./bar.js";
import { type Cancellation, StepsCancellation } from "./cancellation.js";
import { asStep, type StepPlace } from "./current-step.js";
import { Failure, failureText, toOperationError } from "./failure.js";
import { INTERVAL_MS, type Meter } from "./meter.js";
import type { AttemptParts } from "./reports.js";
import type { Sink, StageValues, Stored } from "./sink.js";
import { Unrun } from "./stage-not-run.js";
import { RunningStep } from "./step-progress.js";
import { StepQueue } from "./step-queue.js";
import type { WaitTime } from "./wait-time.js";

/** Ms between two values of all bars together: 200 steps must not cost more than a few do. */
const SHARED_MS = 10;

/** Most bytes of the value of a stage or step of a resumable type, as JSON. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/** Least seconds for which a step counts in the bar of its stage. */
const LEAST_SECONDS = 0.01;

/** A step that `run` is to run. */
export interface StepTask {
  readonly name: string;
  run(s: RunningStep): unknown;
  /** Whether the stage goes on when the step fails. Default: false. */
  readonly allowFailure?: boolean;
  /**
   * Places of the tasks after which the step starts: they make what it needs. They form no circle.
   * Default: none.
   */
  readonly after?: readonly number[];
  /**
   * Why the step runs although an earlier attempt has finished it; null: the stored value counts.
   * Default: it counts.
   */
  again?(stored: unknown): Promise<string | null>;
  /** The value of the step where a person has done it by hand. Default: the outputs. */
  valueByHand?(outputs: DoneByHand["outputs"]): unknown;
}

/** What only the runner's own types pass. */
export interface RunnerStepsOptions extends StepsOptions {
  /** Ends the steps, as a cancel does. `run` then throws its reason. */
  until?: AbortSignal;
}

type Finished = Omit<Extract<EventBody, { type: "step:finished" }>, "type" | "stage" | "step">;

interface StepsParts extends AttemptParts {
  sink: Sink;
  meter: Meter;
  cancellation: Cancellation;
  /** Of the stage. */
  waitTime: WaitTime;
}

interface Ended {
  value?: unknown;
  /** Present: the step failed. */
  error?: unknown;
  /** Present: a stop of the operation ended the step. */
  cancelled?: unknown;
}

/** The steps of one run of a stage's block. */
export class Steps {
  /** With the weight of each in the bar of the stage. */
  readonly #active = new Map<RunningStep, number>();
  readonly #names = new Set<string>();
  readonly #sets = new Set<StepsCancellation>();
  #total = 0;
  /** Steps after which the stage goes on. */
  #passed = 0;
  /** Weight of all steps; and of those that have ended, times the percent that each came to. */
  #weight = 0;
  #ended = 0;
  /** Weight of those that did not run. */
  #skipped = 0;
  /** The bar does not go back where a step begins its own bar anew. */
  #percent = 0;
  readonly #bar: Counted & { readonly percent: number };
  /** Of a step that no earlier run tells of: the mean of the others. */
  readonly #usualWeight: number;

  constructor(
    private readonly stage: string,
    private readonly occurrence: number,
    private readonly parts: StepsParts,
    private readonly values: StageValues | null,
    /** Seconds that the steps took in earlier runs, by name. */
    private readonly usual: Readonly<Record<string, number>> = {},
  ) {
    const known = Object.values(usual);
    this.#usualWeight =
      known.length === 0 ? 1 : known.reduce((sum, each) => sum + weightOf(each), 0) / known.length;
    const steps = this;
    this.#bar = {
      unit: "steps",
      label: null,
      get done() {
        return steps.#passed;
      },
      get total() {
        return steps.#total;
      },
      get percent() {
        let sum = steps.#ended;
        for (const [step, weight] of steps.#active) sum += weight * step.done;
        steps.#percent = Math.max(steps.#percent, sum / steps.#weight);
        return steps.#percent;
      },
      get reached() {
        return (this.percent / 100) * steps.#total;
      },
      get skipped() {
        return (steps.#skipped / steps.#weight) * steps.#total;
      },
    };
  }

  /** The name of a step that is running; null: none. */
  get running(): string | null {
    const [step] = this.#active.keys();
    return step === undefined ? null : `the step "${step.name}"`;
  }

  /**
   * @returns the values, in the order of the tasks
   * @throws the failure of a step, after all steps of the set have ended; OperationCancelled
   */
  async run(
    tasks: readonly StepTask[],
    { until = new AbortController().signal, ...options }: RunnerStepsOptions,
  ): Promise<unknown[]> {
    const { atOnce, onFailure } = checkedOptions(options);
    this.#take(tasks);
    if (tasks.length === 0) return [];
    const { cancellation, meter } = this.parts;
    const stop = new StepsCancellation(cancellation, meter.clock);
    this.#sets.add(stop);
    meter.count(this.#bar);
    const values: unknown[] = tasks.map(() => undefined);
    const failed: Array<{ name: string; error: unknown }> = [];
    let cancelled: unknown;
    let begun = 0;
    const queue = new StepQueue(tasks.map(({ after = [] }) => after));
    const lane = async () => {
      for (;;) {
        const next = await queue.next(() => stop.stopped);
        if (next === null) return;
        begun++;
        const { index, failed: without } = next;
        const task = tasks[index]!;
        const ended =
          without === null
            ? await this.#one(task, stop, until)
            : this.#without(task, tasks[without]!.name, stop);
        values[index] = ended.value;
        cancelled ??= ended.cancelled;
        // The step may have thrown the error without a stop request.
        if (cancelled !== undefined) stop.stopAll();
        if ("error" in ended) {
          failed.push({ name: task.name, error: ended.error });
          if (onFailure === "stop") stop.end(task.name);
        }
        queue.ended(index, "error" in ended || without !== null);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, lane));
    } finally {
      this.#sets.delete(stop);
      stop.dispose();
    }
    if (cancelled !== undefined) throw cancelled;
    if (failed.length > 0) throw failureOf(failed, tasks.length);
    if (begun < tasks.length) throw cancellation.error();
    return values;
  }

  /** @throws Failure if steps are still running: the block of the stage did not await them */
  checkEnded(): void {
    const [active] = this.#active.keys();
    if (active !== undefined)
      throw new Failure(
        "LIVEOPS_STAGE_ACTIVE",
        `stage "${this.stage}" returned while its step "${active.name}" was running: await p.parallel(…)`,
      );
  }

  /**
   * The block of the stage has ended by an error: steps that still run are stopped, and their later
   * reports ignored.
   */
  abandon(): void {
    for (const set of this.#sets) set.stopAll();
    for (const step of this.#active.keys()) {
      step.close();
      const reason = "the stage ended before the step";
      this.#finish(step, { state: "ended", resumed: false, seconds: 0, reason });
    }
  }

  /** Counts the steps of a set. @throws TypeError, RangeError */
  #take(tasks: readonly StepTask[]): void {
    if (this.#total + tasks.length > MAX_STEPS)
      throw new RangeError(
        `stage "${this.stage}" has ${this.#total + tasks.length} steps, more than ${MAX_STEPS.toLocaleString("en-US")}; let each step do several`,
      );
    const names = new Set(this.#names);
    for (const { name } of tasks) {
      if (typeof name !== "string" || name.trim() === "" || /[\x00-\x1f\x7f]/.test(name))
        throw new TypeError(`a step needs a name of one line, not ${JSON.stringify(name)}`);
      if (name.length > MAX_STEP_NAME)
        throw new TypeError(
          `the name of a step has at most ${MAX_STEP_NAME} characters: ${JSON.stringify(name.slice(0, 40))}…`,
        );
      if (names.has(name))
        throw new TypeError(
          `two steps of stage "${this.stage}" have the name ${JSON.stringify(name)}`,
        );
      names.add(name);
    }
    for (const name of names) this.#names.add(name);
    this.#total += tasks.length;
    for (const { name } of tasks) this.#weight += this.#weightOf(name);
    this.#percent = 0;
  }

  #weightOf(name: string): number {
    const seconds = getOwn(this.usual, name);
    return seconds === undefined ? this.#usualWeight : weightOf(seconds);
  }

  #begin(name: string, stop: StepsCancellation): RunningStep {
    const { stage, parts, values } = this;
    const interval = () => Math.max(INTERVAL_MS, SHARED_MS * this.#active.size);
    const step = new RunningStep(
      this.#placeOf(name),
      parts,
      stop,
      values,
      interval,
      parts.waitTime,
    );
    this.#active.set(step, this.#weightOf(name));
    parts.sink.event({ type: "step:entered", stage, step: name, total: this.#total }, false);
    return step;
  }

  /** Ends a step that did not begin. @param failed - the step that makes what it needs */
  #without({ name }: StepTask, failed: string, stop: StepsCancellation): Ended {
    const step = this.#begin(name, stop);
    step.close();
    const reason = `needs what "${failed}" makes, which failed`;
    this.#finish(step, { state: "ended", resumed: false, seconds: 0, reason });
    return {};
  }

  async #one(task: StepTask, stop: StepsCancellation, until: AbortSignal): Promise<Ended> {
    const { stage, parts, values } = this;
    const { name, allowFailure = false } = task;
    const place = this.#placeOf(name);
    const stored = values?.load(place);
    const step = this.#begin(name, stop);
    const start = parts.meter.clock.now();
    const finish = (end: Omit<Finished, "resumed" | "seconds" | "exitCode">) => {
      step.close();
      const seconds = Math.round(parts.meter.clock.now() - start - step.waitTime().ms) / 1000;
      const { exitCode } = step;
      this.#finish(step, { resumed: false, seconds, exitCode: exitCode ?? undefined, ...end });
    };
    let value: unknown;
    let kept: Pick<Finished, "value"> = {};
    parts.cancellation.checkLease?.();
    try {
      const again = stored === undefined ? null : ((await task.again?.(stored.value)) ?? null);
      const isStored = stored !== undefined && again === null;
      const resume = (from: Stored, kept: Pick<Finished, "value"> = {}) => {
        this.#finish(step, {
          state: "done",
          resumed: true,
          seconds: 0,
          reason: reasonOf(from),
          ...kept,
        });
        return { value: from.value };
      };
      const byHand = values?.byHand(place, isStored);
      if (byHand !== undefined) {
        const { valueByHand = (outputs: typeof byHand.outputs): unknown => outputs } = task;
        const value = valueByHand(byHand.outputs);
        return resume({ value, attempt: 0, byHand }, this.#keep(name, value, byHand));
      }
      if (isStored) return resume(stored);
      if (again !== null) parts.sink.line("liveops", stage, `runs again: ${again}`, name);
      value = await asStep(place, () => task.run(step));
      step.checkEnded();
      kept = this.#keep(name, value);
    } catch (thrown) {
      // The stage has ended, and with it the step.
      if (!this.#active.has(step)) return { error: thrown };
      if (thrown instanceof Unrun) {
        finish(thrown.end);
        return {};
      }
      if (until.aborted && thrown === until.reason) {
        finish({ state: "cancelled" });
        return { cancelled: thrown };
      }
      if (stop.explains(thrown)) {
        const isEnded = stop.endedBy !== null;
        finish(isEnded ? { state: "ended", reason: stop.error().message } : { state: "cancelled" });
        return isEnded ? {} : { cancelled: thrown };
      }
      const error = toOperationError(thrown, parts.sink.masker);
      const isAllowed = allowFailure && !stop.stopped;
      if (isAllowed)
        parts.sink.line("liveops", stage, failureText(name, error, thrown, "step"), name);
      finish({ state: isAllowed ? "allowed-failure" : "failed", error });
      return isAllowed ? {} : { error: thrown };
    }
    if (!this.#active.has(step)) return { value };
    finish({ state: "done", ...kept });
    step.discardItems();
    return { value };
  }

  /** The value of a step as its event has it. */
  #keep(name: string, value: unknown, byHand?: Stored["byHand"]): Pick<Finished, "value"> {
    const { stage, values } = this;
    if (values === null) return {};
    const json = jsonToKeep(`step "${name}" of stage "${stage}"`, value);
    const inEvent = values.keep(this.#placeOf(name), json, value, byHand);
    return inEvent === null ? {} : { value: inEvent };
  }

  #placeOf(step: string): StepPlace {
    const { stage, occurrence } = this;
    return { stage, occurrence, step };
  }

  #finish(step: RunningStep, end: Finished): void {
    const { sink, meter } = this.parts;
    const weight = this.#active.get(step) ?? 0;
    this.#active.delete(step);
    step.waitTime().end();
    this.#ended += weight * (isPassed(end.state) ? 100 : step.done);
    if (end.resumed || isUnrun(end.state)) this.#skipped += weight;
    if (isPassed(end.state)) this.#passed++;
    const reason =
      end.reason === undefined ? {} : { reason: sink.masker.mask(end.reason).slice(0, MAX_STATUS) };
    // What an earlier attempt or run did is stored already.
    const isStored = end.resumed && end.value === undefined;
    const isAlone = this.#active.size === 0 && !isStored && !isUnrun(end.state);
    sink.event(
      { type: "step:finished", stage: this.stage, step: step.name, ...end, ...reason },
      isAlone,
    );
    meter.touch(meter.clock.now());
  }
}

/** A step that took no time counts too. */
function weightOf(seconds: number): number {
  return Math.max(LEAST_SECONDS, seconds);
}

export function tasksOfParallel(
  steps: Readonly<Record<string, (s: StepProgress) => unknown>>,
): StepTask[] {
  return Object.entries(Object(steps) as typeof steps).map(([name, run]) => {
    if (typeof run !== "function")
      throw new TypeError(`p.parallel takes functions by name: { ${name}: (s) => s.exec(…) }`);
    return { name, run };
  });
}

export function tasksOfEach<T>(
  items: Iterable<T>,
  block: (item: T, s: StepProgress) => unknown,
  name: EachOptions<T>["name"] = (item, index) =>
    typeof item === "string" || typeof item === "number" ? String(item) : String(index + 1),
): StepTask[] {
  if (typeof Object(items)[Symbol.iterator] !== "function" || typeof block !== "function")
    throw new TypeError("p.each takes items and a function: p.each(files, (file, s) => …)");
  return Array.from(items, (item, index) => ({
    name: name(item, index),
    run: (s) => block(item, s),
  }));
}

function checkedOptions(options: StepsOptions): Required<StepsOptions> {
  const { atOnce = Math.min(MAX_AT_ONCE, availableParallelism()), onFailure = "stop" } = options;
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > MAX_AT_ONCE)
    throw new TypeError(
      `atOnce takes a whole number from 1 to ${MAX_AT_ONCE}, not ${String(atOnce)}`,
    );
  if (onFailure !== "stop" && onFailure !== "finish")
    throw new TypeError(`onFailure takes "stop" or "finish", not ${JSON.stringify(onFailure)}`);
  return { atOnce, onFailure };
}

/** Names and errors that an error of several steps has. */
const MOST_NAMED = 32;

function failureOf(
  failed: ReadonlyArray<{ name: string; error: unknown }>,
  count: number,
): unknown {
  if (failed.length === 1) return failed[0]!.error;
  const named = failed.slice(0, MOST_NAMED);
  const names = named.map(({ name }) => name);
  const more = failed.length > named.length ? `, and ${failed.length - named.length} more` : "";
  const message = `${failed.length} of ${count} steps failed: ${names.join(", ")}${more}`;
  return new StepsError(
    message,
    names,
    named.map(({ error }) => error),
  );
}

/**
 * @param of - the stage or step that returned the value
 * @returns the value as JSON, to be stored; JSON has no undefined, and the empty text stands for it
 */
export function jsonToKeep(of: string, value: unknown): string {
  // What `p.each` returns where the steps return nothing.
  if (Array.isArray(value) && value.length > 0 && value.every((each) => each === undefined))
    return "";
  const problem = whyNotJson(value, { roundTrip: true });
  if (problem !== null) throw notStorable(of, `cannot be stored as JSON: ${problem}`);
  const json = JSON.stringify(value) ?? "";
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_VALUE_BYTES)
    throw notStorable(of, `is ${(bytes / 1024 / 1024).toFixed(1)} MiB as JSON, more than 16 MiB`);
  return json;
}

/** Why a stage or step does not run: its value is stored. */
export function reasonOf({ attempt, byHand }: Stored): string {
  if (byHand === undefined) return `done in attempt ${attempt}`;
  return `done by hand by ${byHand.by}, ${byHand.at.slice(0, 16).replace("T", " ")} UTC`;
}

function notStorable(of: string, why: string): Failure {
  return new Failure(
    "LIVEOPS_STAGE_VALUE_NOT_JSON",
    `the type is resumable, and the value that ${of} returned ${why}; return plain JSON data (a path, an id), or nothing`,
  );
}
