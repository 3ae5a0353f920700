/** Runs one operation inside of a stage or step, which shows its bar and its status. */
import { FAILURES, type FailureCode } from "../../../protocol/errors.js";
import { overallProgress } from "../../../protocol/estimate/overall-progress.js";
import { getOwn, isPlainObject } from "../../../protocol/objects.js";
import type { Operation } from "../../../protocol/operation.js";
import {
  type ChildCall,
  type ChildHost,
  type ChildOptions,
  noChildren,
} from "../../attempt/children.js";
import { Failure, withDetails } from "../../attempt/failure.js";
import { SHOWN_WAIT, type WaitTime } from "../../attempt/wait-time.js";
import type { StatusLevel } from "../../sdk/live-operation.js";

/**
 * @returns the record of the last operation of the chain, which has succeeded
 * @throws the error of the operation that failed; OperationCancelled
 */
export async function runChild(
  host: ChildHost,
  call: ChildCall,
  options: ChildOptions,
): Promise<Operation> {
  const { children, cancellation, place, signal } = host;
  cancellation.check();
  if (children === null) throw noChildren();
  const shown = new ShownChild(host, options);
  try {
    const last = await children.run(call, place, {
      signal,
      onRecord: (record) => shown.show(record),
    });
    if (last.state === "succeeded") return last;
    throw errorOf(last, options.isWhole ? null : (place.step ?? place.stage));
  } catch (thrown) {
    throw cancellation.stopped ? cancellation.error() : thrown;
  } finally {
    shown.end();
  }
}

/** The operation as its stage or step shows it. */
class ShownChild {
  readonly #bar = { done: 0, total: 100, unit: "%", label: null, percent: 0, isApproximate: false };
  readonly #wait: WaitTime;
  #hasBegun = false;
  #hasStarted = false;
  #status = "";
  /** Clears the timer of a status. */
  #clear = () => {};

  constructor(
    private readonly host: ChildHost,
    private readonly options: ChildOptions,
  ) {
    this.#wait = host.waitTime.part();
    this.#wait.setWaits(true);
  }

  show(record: Operation): void {
    const { state, stages, currentStage, status, title } = record;
    if (!this.#hasBegun) this.#begins(record);
    const isQueued = state === "queued";
    this.#wait.setWaits(isQueued);
    if (!isQueued && !this.#hasStarted) this.options.onStart?.();
    this.#hasStarted ||= !isQueued;
    this.#setBar(overallProgress(record).percent);
    this.#clear();
    if (!isQueued) {
      const name = stages[currentStage] ?? title;
      this.#say(status === null ? name : `${name}: ${status.text}`, status?.level);
      return;
    }
    const text = waitText(record);
    if (text !== "") this.#clear = this.host.clock.schedule(SHOWN_WAIT, () => this.#say(text));
  }

  end(): void {
    this.#clear();
    this.#wait.end();
    if (this.#status !== "") this.host.status("");
  }

  #begins({ id, op, title }: Operation): void {
    this.#hasBegun = true;
    const { stage, step } = this.host.place;
    this.host.sink.event({ type: "child:began", stage, step, op, title, child: id }, false);
  }

  #say(text: string, level: StatusLevel = "info"): void {
    const status = `${level} ${text}`;
    if (status !== this.#status) this.host.status(text, level);
    this.#status = status;
  }

  #setBar(percent: number): void {
    if (percent === 0) return;
    const { bar } = this.host;
    const isNew = this.#bar.percent === 0;
    Object.assign(this.#bar, { done: percent, percent });
    if (isNew) bar.begin(this.#bar);
    else bar.changed();
  }
}

/** What a queued operation waits for; empty: it starts at once. */
function waitText({ blocked, queue, queuePosition }: Operation): string {
  if (blocked !== null) return `waits: ${blocked.reason}`;
  return queuePosition === null ? "" : `waits for a slot of ${queue}`;
}

/**
 * The error of the operation, as one of the code that runs it.
 *
 * @param outer - the stage or step around it; null: the message has no place
 */
function errorOf(
  { id, title, error, result, stages, stageStates }: Operation,
  outer: string | null,
): Error {
  if (error === null) {
    const cancelled = new Failure("LIVEOPS_CHILD_CANCELLED", `${title} (${id}) was cancelled`);
    delete cancelled.stack;
    return cancelled;
  }
  const { code, message, stack, place, command, causes } = error;
  const stage = stages.find((name) => getOwn(stageStates, name) === "failed");
  const failure = new Failure(
    Object.hasOwn(FAILURES, code) ? (code as FailureCode) : "LIVEOPS_EXCEPTION",
    outer === null ? message : `${outer}${placeAndMessage(message, stage)}`,
  );
  if (stack === null) delete failure.stack;
  else failure.stack = stack;
  // A pipeline decides by it whether to try again.
  Object.assign(failure, { exitCode: isPlainObject(result) ? result.exitCode : null });
  return withDetails(failure, { place, command, causes });
}

function placeAndMessage(message: string, stage: string | undefined): string {
  // An operation inside of that stage failed in turn: its message begins with the stage.
  if (stage === undefined) return `: ${message}`;
  return message.startsWith(`${stage} › `) ? ` › ${message}` : ` › ${stage}: ${message}`;
}
