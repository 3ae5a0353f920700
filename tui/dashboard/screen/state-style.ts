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

export function glyphOf(operation: Operation): string {
  return stateGlyph(operation.state);
}

export function styleOf(operation: Operation): Style {
  return operation.cancelRequested && operation.state === "running" ? "yellow" : stateColour(operation.state);
}

/** The state in a word, or what is about to come of it. */
export function stateWord(operation: Operation): string {
  if (operation.state === "running" && operation.cancelRequested) return "cancelling";
  if (operation.state === "queued" && operation.queuePosition !== null)
    return `queued #${operation.queuePosition}`;
  return operation.state;
}
