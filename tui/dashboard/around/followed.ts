/** What title, taskbar and notification say of the operation that is looked at. Pure. */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { formatDuration } from "../../terminal/format.js";
import { stateGlyph } from "../../terminal/glyphs.js";
import { percentOf } from "../screen/bar.js";
import { elapsedOf } from "../screen/elapsed.js";
import { operationOf, type State, selectedOperation } from "../state/model.js";
import { wholeOf } from "../state/whole.js";
import type { TaskProgress } from "./sequences.js";

export function titleOf(state: State): string {
  const operation = selectedOperation(state);
  if (operation === null) return "liveops";
  const { title, stages, currentStage } = operation;
  if (operation.state !== "running") return `${stateGlyph(operation.state)} ${title} · liveops`;
  const stage = stages[currentStage];
  const whole = wholeOf(state, operation);
  const percent = whole.known || whole.percent >= 1 ? percentOf(whole) : "●";
  return `${percent} ${title}${stage === undefined ? "" : ` · ${stage}`} · liveops`;
}

export function progressOf(state: State): TaskProgress {
  const operation = selectedOperation(state);
  // Of a daemon that is away nothing is known: it goes on, perhaps.
  if (operation === null || state.connection.state !== "live") return { kind: "none" };
  const { percent, known } = wholeOf(state, operation);
  if (operation.state === "running")
    return known ? { kind: "percent", percent, failed: false } : { kind: "busy" };
  return operation.state === "failed"
    ? { kind: "percent", percent: Math.max(1, percent), failed: true }
    : { kind: "none" };
}

/** The operation that was looked at and has just ended, as the last one of its chain; null for none. */
export function endedBetween(before: State, after: State): Operation | null {
  const was = selectedOperation(before);
  if (was === null || isFinal(was.state)) return null;
  const is = operationOf(after, was.id);
  return is !== null && isFinal(is.state) && is.chain.next === null ? is : null;
}

/** Its end in a few words, for a notification. */
export function endInWords(operation: Operation): string {
  const seconds = elapsedOf(operation, 0);
  const took = seconds === null ? "" : ` after ${formatDuration(seconds)}`;
  const why = operation.state === "failed" && operation.error !== null ? `: ${operation.error.message}` : "";
  return `${operation.state}${took}${why}`;
}
