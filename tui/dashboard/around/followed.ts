/** What title, taskbar and notification say of the operation that is looked at. Pure. */
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { formatDuration, formatPercent } from "../../terminal/format.js";
import { stateGlyph } from "../../terminal/glyphs.js";
import { isIndeterminate } from "../screen/bar.js";
import { elapsedOf } from "../screen/elapsed.js";
import { operationOf, type State, selectedOperation } from "../state/model.js";
import type { TaskProgress } from "./sequences.js";

export function titleOf(state: State): string {
  const operation = selectedOperation(state);
  if (operation === null) return "liveops";
  const { title, stages, currentStage } = operation;
  if (operation.state !== "running") return `${stateGlyph(operation.state)} ${title} · liveops`;
  const stage = stages[currentStage];
  const percent = isIndeterminate(operation) ? "●" : formatPercent(operation.percent);
  return `${percent} ${stage === undefined ? "" : `${stage} · `}${title} · liveops`;
}

export function progressOf(state: State): TaskProgress {
  const operation = selectedOperation(state);
  // Of a daemon that is away nothing is known: it goes on, perhaps.
  if (operation === null || state.connection.state !== "live") return { kind: "none" };
  if (operation.state === "running")
    return isIndeterminate(operation)
      ? { kind: "busy" }
      : { kind: "percent", percent: operation.percent, failed: false };
  return operation.state === "failed"
    ? { kind: "percent", percent: Math.max(1, operation.percent), failed: true }
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
