/** Signs, words and styles of states: the glyphs that all screens share. */

import { openApproval, waitsForApproval, waitsForPerson } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import { knownStepState, type StepState } from "../../../protocol/stage-state.js";
import { isFinal, type State as OperationState } from "../../../protocol/state.js";
import { stageGlyph, stateGlyph } from "../../terminal/glyphs.js";
import { allowedFailures } from "../../terminal/stage-note.js";
import type { Style } from "../text/theme.js";
import { isCancelling, isPaused } from "./chain.js";
import type { Section } from "./list/listing.js";
import type { Level } from "./model.js";

export const LEVEL_GLYPHS: Record<Level, string> = {
  info: "•",
  success: "✓",
  warning: "▲",
  error: "✗",
};
export const LEVEL_STYLES: Record<Level, Style> = {
  info: "plain",
  success: "good",
  warning: "warn",
  error: "bad",
};

const STYLES: Record<OperationState, Style> = {
  queued: "muted",
  running: "accent",
  succeeded: "good",
  failed: "bad",
  cancelled: "warn",
};

/** Glyph of an operation that was asked to stop and still runs. */
const CANCELLING = "◌";
export const PAUSED = "‖";

/** The part of the list that has the operation. What waits for an answer stands with what runs. */
export function sectionOf(operation: Operation | null): Section {
  if (operation === null || isFinal(operation.state)) return "finished";
  return operation.state === "running" || waitsForApproval(operation) !== null
    ? "running"
    : "queued";
}

export function glyphOf(operation: Operation): string {
  if (isCancelling(operation)) return CANCELLING;
  if (waitsForPerson(operation)) return "?";
  if (isPaused(operation)) return PAUSED;
  return isMarked(operation) ? stageGlyph("allowed-failure") : stateGlyph(operation.state);
}

/** A success that a person should look at: its numbers are odd, or a failure in it was allowed. */
const isMarked = (operation: Operation): boolean =>
  operation.state === "succeeded" &&
  (operation.odd ?? []).length + allowedFailures(operation).length > 0;

export function styleOf(operation: Operation): Style {
  const isHeld = isCancelling(operation) || isPaused(operation) || waitsForPerson(operation);
  return isHeld || isMarked(operation) ? "warn" : (STYLES[operation.state] ?? "muted");
}

/**
 * The sign of the stage that an operation is in: a stage that waits for a person or for room does
 * not look as if it worked.
 */
export function activeSign(operation: Operation): [glyph: string, style: Style] {
  if (isPaused(operation)) return [PAUSED, "warn"];
  const { waitingForInput, noRoomSince, stalledSince } = operation;
  if (openApproval(operation) !== null || waitingForInput) return ["?", "warn"];
  return noRoomSince || stalledSince ? ["▲", "warn"] : [stageGlyph("active"), "accent"];
}

/** Of stages and steps. */
const STAGE_STYLES: Record<StepState, Style> = {
  active: "accent",
  done: "good",
  "up-to-date": "good",
  "allowed-failure": "warn",
  skipped: "muted",
  failed: "bad",
  cancelled: "warn",
  ended: "muted",
};

export function stageStyle(state: StepState | undefined): Style {
  return state === undefined ? "muted" : STAGE_STYLES[knownStepState(state)];
}

/** The state in a word, or what is about to come of it. */
export function stateWord(operation: Operation): string {
  if (isCancelling(operation)) return "cancelling";
  if (isPaused(operation)) return "paused";
  if (operation.state === "queued" && operation.waitsFor !== null) return "waiting";
  if (waitsForPerson(operation)) return "waits for you";
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state === "queued" && operation.queuePosition !== null)
    return operation.queuePosition === 1 ? "next" : `#${operation.queuePosition}`;
  return operation.state;
}

/** Local time of day, `12:03:45`. */
export function clock(at: string | number, seconds = true): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  return time.toTimeString().slice(0, seconds ? 8 : 5);
}
