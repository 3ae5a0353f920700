/** What title, taskbar and notification say of the operation that is looked at. Pure. */
import { firstLine } from "../../../protocol/first-line.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { formatDuration, formatOverall } from "../../terminal/format.js";
import { stateGlyph } from "../../terminal/glyphs.js";
import { elapsedOf } from "../state/estimate.js";
import { chainOf, operationOf, type State, selectedOperation } from "../state/model.js";
import { progressOf } from "../state/overall-progress.js";
import type { TaskProgress } from "./sequences.js";

export function titleOf(state: State): string {
  const operation = selectedOperation(state);
  if (operation === null) return "liveops";
  const { title, stages, currentStage, untrackedStage } = operation;
  if (operation.state !== "running") return `${stateGlyph(operation.state)} ${title} · liveops`;
  if (operation.waitingForInput) return `? ${title} · needs input · liveops`;
  const stage = untrackedStage ?? stages[currentStage];
  const whole = progressOf(state, operation);
  const percent = whole.known || whole.percent >= 1 ? formatOverall(whole) : "●";
  return `${percent} ${title}${stage === undefined ? "" : ` · ${stage}`} · liveops`;
}

export function progressToShow(state: State): TaskProgress {
  const operation = selectedOperation(state);
  // Of a daemon that is away nothing is known: it goes on, perhaps.
  if (operation === null || state.connection.state !== "live") return { kind: "none" };
  const { percent, known } = progressOf(state, operation);
  if (operation.state === "running")
    return known ? { kind: "percent", percent, failed: false } : { kind: "busy" };
  return operation.state === "failed"
    ? { kind: "percent", percent: Math.max(1, percent), failed: true }
    : { kind: "none" };
}

/**
 * The operation that was looked at, or the last of its chain, that has just ended; null for none. A quick link may have
 * come and gone between the two.
 */
export function endedBetween(before: State, after: State): Operation | null {
  if (!before.witnessed || before.selected === null) return null;
  const [was, is] = [endOfChain(before, before.selected), endOfChain(after, before.selected)];
  return was === null || isOver(was) || is === null || !isOver(is) ? null : is;
}

/** The operation that began to wait for input; null for none. */
export function waitingBetween(before: State, after: State): Operation | null {
  if (before.view.operations === after.view.operations) return null;
  for (const [id, operation] of after.view.operations)
    if (operation.waitingForInput && !before.view.operations.get(id)?.waitingForInput) return operation;
  return null;
}

const isOver = ({ state, chain }: Operation): boolean => isFinal(state) && chain.next === null;

/** The last link that is known. */
function endOfChain(state: State, id: string): Operation | null {
  const operation = operationOf(state, id);
  return operation === null ? null : (chainOf(state, operation).at(-1) ?? null);
}

/** Its end, or what it waits for, in a few words, for a notification. */
export function endInWords(operation: Operation): string {
  if (operation.waitingForInput) return `waits for input ${operation.waitingForInput.prompt}`.trim();
  const seconds = elapsedOf(operation, 0);
  const took = seconds === null ? "" : ` after ${formatDuration(seconds)}`;
  const why =
    operation.state === "failed" && operation.error !== null ? `: ${firstLine(operation.error.message)}` : "";
  return `${operation.state}${took}${why}`;
}
