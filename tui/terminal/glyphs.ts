/** The glyph and the colour of each state, the same in every list and on every screen. */

import { knownStepState, type StepState } from "../../protocol/stage-state.js";
import type { State } from "../../protocol/state.js";
import type { Colour } from "../../protocol/text/colour.js";

const STATE_GLYPHS: Record<State, string> = {
  queued: "○",
  running: "●",
  succeeded: "✓",
  failed: "✗",
  cancelled: "⊘",
};

/** Of stages and steps. */
const STAGE_GLYPHS: Record<StepState, string> = {
  active: "●",
  done: "✓",
  "up-to-date": "≡",
  "allowed-failure": "▲",
  skipped: "»",
  failed: "✗",
  cancelled: "⊘",
  ended: "⊘",
};

const STATE_COLOURS: Record<State, Colour> = {
  queued: "dim",
  running: "cyan",
  succeeded: "green",
  failed: "red",
  cancelled: "yellow",
};

const STAGE_COLOURS: Record<StepState, Colour> = {
  active: "cyan",
  done: "green",
  "up-to-date": "green",
  "allowed-failure": "yellow",
  skipped: "dim",
  failed: "red",
  cancelled: "yellow",
  ended: "dim",
};

export function stateGlyph(state: State): string {
  return STATE_GLYPHS[state] ?? "?";
}

export function stateColour(state: State): Colour {
  return STATE_COLOURS[state] ?? "dim";
}

/** Of a stage or step; `undefined` means that it was not entered. */
export function stageGlyph(state: StepState | undefined): string {
  return state === undefined ? "○" : STAGE_GLYPHS[knownStepState(state)];
}

export function stageColour(state: StepState | undefined): Colour {
  return state === undefined ? "dim" : STAGE_COLOURS[knownStepState(state)];
}
