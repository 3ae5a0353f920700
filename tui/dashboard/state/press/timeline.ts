/** What the keys of the timeline do. */
import { openTimeline, TIMELINE_MOVES } from "../pages/timeline.js";
import type { Presses } from "./presses.js";

const { play, step, milestone, page, start, end, speed } = TIMELINE_MOVES;

export const TIMELINE_PRESSES = {
  timeline: openTimeline,
  replay: play,
  "replay-back": (state) => step(state, -1),
  "replay-step": (state) => step(state, 1),
  "replay-previous": (state) => milestone(state, -1),
  "replay-next": (state) => milestone(state, 1),
  "replay-page-back": (state) => page(state, -1),
  "replay-page-on": (state) => page(state, 1),
  "replay-start": start,
  "replay-end": end,
  "replay-faster": (state) => speed(state, 1),
  "replay-slower": (state) => speed(state, -1),
} satisfies Presses;
