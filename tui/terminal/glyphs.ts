/** The glyph and the colour of each state, the same in every list and on every screen. */

import { knownStageState, type StageState } from "../../protocol/stage-state.js";
import type { State } from "../../protocol/state.js";
import type { Colour } from "../../protocol/text/colour.js";

const STATE_GLYPHS: Record<State, string> = {
  queued: "○",
  running: "●",
  succeeded: "✓",
  failed: "✗",
  cancelled: "⊘",
};

const STAGE_GLYPHS: Record<StageState, string> = {
  active: "●",
  done: "✓",
  "allowed-failure": "▲",
  skipped: "»",
  failed: "✗",
  cancelled: "⊘",
};

const STATE_COLOURS: Record<State, Colour> = {
  queued: "dim",
  running: "cyan",
  succeeded: "green",
  failed: "red",
  cancelled: "yellow",
};

const STAGE_COLOURS: Record<StageState, Colour> = {
  active: "cyan",
  done: "green",
  "allowed-failure": "yellow",
  skipped: "dim",
  failed: "red",
  cancelled: "yellow",
};

export function stateGlyph(state: State): string {
  return STATE_GLYPHS[state] ?? "?";
}

export function stateColour(state: State): Colour {
  return STATE_COLOURS[state] ?? "dim";
}

/** `undefined` means that the stage was not entered. */
export function stageGlyph(state: StageState | undefined): string {
  return state === undefined ? "○" : STAGE_GLYPHS[knownStageState(state)];
}

export function stageColour(state: StageState | undefined): Colour {
  return state === undefined ? "dim" : STAGE_COLOURS[knownStageState(state)];
}
