/** Glyphs, words and styles of states on the dashboard; glyphs and colours are the ones all screens share. */
import type { Operation, StatusLevel } from "../../../protocol/operation.js";
import { stateColour, stateGlyph } from "../../terminal/glyphs.js";
import type { Style } from "./paint.js";

export const STATUS_GLYPHS: Record<StatusLevel, string> = {
  info: "ℹ",
  success: "✓",
  warning: "▲",
  error: "✗",
};
export const STATUS_STYLES: Record<StatusLevel, Style> = {
  info: "plain",
  success: "green",
  warning: "yellow",
  error: "red",
};

/** Of one that was asked to stop and has not done so yet. */
const CANCELLING = "◌";

export function glyphOf(operation: Operation): string {
  return isCancelling(operation) ? CANCELLING : stateGlyph(operation.state);
}

export function styleOf(operation: Operation): Style {
  return isCancelling(operation) ? "yellow" : stateColour(operation.state);
}

export function isCancelling({ state, cancelRequested }: Operation): boolean {
  return cancelRequested && state === "running";
}

/** The state in a word, or what is about to come of it. */
export function stateWord(operation: Operation): string {
  if (isCancelling(operation)) return "cancelling";
  if (operation.state === "queued" && operation.blocked) return "blocked";
  if (operation.state === "queued" && operation.queuePosition !== null)
    return `queued #${operation.queuePosition}`;
  return operation.state;
}
