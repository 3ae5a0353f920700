/** Runs one operation inside of a stage or step, which shows its bar and its status. */
import { FAILURES, type FailureCode } from "../../../protocol/errors.js";
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import { isPassed } from "../../../protocol/stage-state.js";
import type { Cancellation } from "../../attempt/cancellation.js";
import type { ChildCall, ChildPlace, ChildRunner } from "../../attempt/children.js";
import type { Clock } from "../../attempt/clock.js";
import { Failure, withDetails } from "../../attempt/failure.js";
import type { Sink } from "../../attempt/sink.js";
import type { WaitTime } from "../../attempt/wait-time.js";
import type { BarTarget } from "../../programs/progress/program-bar.js";
import type { StatusLevel } from "../../sdk/live-operation.js";

/** The place of the attempt in which the operation runs. */
export interface ChildHost {
  place: ChildPlace;
  /** Null: no operation can run inside of the attempt. */
  children: ChildRunner | null;
  sink: Sink;
  bar: BarTarget;
  status(text: string, level?: StatusLevel): void;
  waitTime: WaitTime;
  clock: Clock;
  cancellation: Cancellation;
  /** Cancels the operation. */
  signal: AbortSignal;
  /** Called when the operation starts. */
  onStart: (() => void) | undefined;
}

/** The log tells of a wait of at least so many seconds. */
const LONG_WAIT = 1;
/** Ms after which the status tells of a wait. */
const SHOWN_WAIT = 200;

/**
 * @returns the record of the last operation of the chain, which has succeeded
 * @throws the error of the operation that failed; OperationCancelled
 */
export async function runChild(host: ChildHost, call: ChildCall): Promise<Operation> {
  const { children, cancellation, place, signal } = host;
  cancellation.check();
  if (children === null)
    throw new Error("p.operation: nothing here can run an operation inside of another one");
  const shown = new ShownChild(host);
  let last: Operation;
  try {
    last = await children.run(call, place, { signal, onRecord: (record) => shown.show(record) });
  } catch (thrown) {
    if (cancellation.stopped) throw cancellation.error();
    throw thrown;
  } finally {
    shown.end();
  }
  if (last.state === "succeeded") return last;
  if (cancellation.stopped) throw cancellation.error();
  throw errorOf(last, place);
}

/** The operation as its stage or step shows it. */
class ShownChild {
  readonly #bar = { done: 0, total: 100, unit: "%", label: null, percent: 0, isApproximate: false };
  #hasBar = false;
  #hasBegun = false;
  #status = "";
  /** Clears the timer of a status. */
  #clear = () => {};
  /** When it was queued; null: it runs, or has run. */
  #queuedAt: number | null;

  constructor(private readonly host: ChildHost) {
    host.waitTime.change(0, 1);
    this.#queuedAt = host.clock.now();
  }

  show(record: Operation): void {
    const { id, op, title, state } = record;
    const { sink, place } = this.host;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      const { stage, step } = place;
      sink.event(
        { type: "child:began", stage, ...(step !== undefined && { step }), op, title, child: id },
        false,
      );
    }
    if (state !== "queued") this.#starts(record);
    else this.#waits();
    const percent = percentOf(record);
    if (percent > 0) this.#setBar(percent);
    const { text, level } = statusOf(record);
    this.#clear();
    if (state !== "queued") this.#say(text, level);
    else if (text !== "") this.#clear = this.host.clock.schedule(SHOWN_WAIT, () => this.#say(text, level));
  }

  end(): void {
    this.#clear();
    this.#waits();
    this.host.waitTime.change(0, -1);
  }

  #say(text: string, level: StatusLevel): void {
    const status = `${level} ${text}`;
    if (status !== this.#status) this.host.status(text, level);
    this.#status = status;
  }

  #waits(): void {
    if (this.#queuedAt !== null) return;
    this.#queuedAt = this.host.clock.now();
    this.host.waitTime.change(-1, 1);
  }

  #starts({ id, title }: Operation): void {
    if (this.#queuedAt === null) return;
    const { sink, place, clock, waitTime } = this.host;
    const seconds = (clock.now() - this.#queuedAt) / 1000;
    this.#queuedAt = null;
    waitTime.change(1, -1);
    this.host.onStart?.();
    if (seconds < LONG_WAIT) return;
    sink.line("liveops", place.stage, `${title} (${id}) waited ${Math.round(seconds)} s`, place.step);
  }

  #setBar(percent: number): void {
    Object.assign(this.#bar, { done: percent, percent });
    if (this.#hasBar) this.host.bar.changed();
    else this.host.bar.begin(this.#bar);
    this.#hasBar = true;
  }
}

/** The part of all stages that is done. */
function percentOf({ state, stages, stageStates, untrackedStage, percent }: Operation): number {
  if (state === "succeeded") return 100;
  if (stages.length === 0) return percent;
  const states = stages.map((name) => getOwn(stageStates, name));
  const done = states.filter(isPassed).length;
  const current = states.includes("active") && untrackedStage === null ? percent / 100 : 0;
  return (100 * (done + current)) / stages.length;
}

function statusOf(record: Operation): { text: string; level: StatusLevel } {
  const { state, stages, currentStage, status, title } = record;
  if (state === "queued") return { text: waitText(record), level: "info" };
  const name = stages[currentStage] ?? title;
  return { text: status === null ? name : `${name}: ${status.text}`, level: status?.level ?? "info" };
}

/** What a queued operation waits for; empty: it starts at once. */
function waitText({ waitsFor, blocked, queue, queuePosition }: Operation): string {
  if (waitsFor !== null) return `waits for ${waitsFor.join(", ")}`;
  if (blocked !== null) return `waits: ${blocked.reason}`;
  return queuePosition === null ? "" : `waits for a slot of ${queue}`;
}

/** The error of the operation, as one of the code that runs it. */
function errorOf({ id, title, state, error, result, stages, stageStates }: Operation, at: ChildPlace): Error {
  if (state === "cancelled" || error === null) {
    const cancelled = new Failure("LIVEOPS_CHILD_CANCELLED", `${title} (${id}) was cancelled`);
    delete cancelled.stack;
    return cancelled;
  }
  const { code, message, stack, place, command, causes } = error;
  const outer = at.step ?? at.stage ?? title;
  const stage = stages.find((name) => getOwn(stageStates, name) === "failed");
  const failure = new Failure(
    Object.hasOwn(FAILURES, code) ? (code as FailureCode) : "LIVEOPS_EXCEPTION",
    outer + placeAndMessage(message, stage, outer),
  );
  if (stack === null) delete failure.stack;
  else failure.stack = stack;
  // A pipeline decides by it whether to try again.
  Object.assign(failure, { exitCode: isPlainObject(result) ? result.exitCode : null });
  return withDetails(failure, {
    ...(place && { place }),
    ...(command !== undefined && { command }),
    ...(causes && { causes }),
  });
}

function placeAndMessage(message: string, stage: string | undefined, outer: string): string {
  // The operation failed inside of that stage in turn.
  if (stage !== undefined && message.startsWith(`${stage} › `)) return ` › ${message}`;
  // A command that runs in a queue has the name of its stage.
  return stage === undefined || stage === outer ? `: ${message}` : ` › ${stage}: ${message}`;
}
