/** Keys of the timeline and its replay. */
import { isPlaying } from "../state/pages/timeline.js";
import type { Key } from "./key.js";
import { onPage } from "./when.js";

const here = onPage("timeline");

export const TIMELINE: readonly Key[] = [
  {
    action: "replay",
    on: [" ", "p"],
    label: "space",
    does: "play the replay, or pause it",
    hint: (state) => (isPlaying(state) ? "pause" : "play"),
    rank: 0,
    when: here,
  },
  {
    action: "replay-back",
    on: ["leftArrow", "h"],
    label: "←→",
    helpLabel: "←→ h l",
    does: "an event back, an event on",
    hint: () => "step",
    rank: 2,
    when: here,
  },
  { action: "replay-step", on: ["rightArrow", "l"], label: "→", when: here },
  {
    action: "replay-previous",
    on: ["upArrow", "k", "N"],
    label: "↑↓",
    helpLabel: "↑↓ k j",
    does: "to the stage before, after",
    hint: () => "stages",
    rank: 3,
    when: here,
  },
  { action: "replay-next", on: ["downArrow", "j", "n"], label: "↓", when: here },
  {
    action: "replay-page-back",
    on: ["pageUp", "^u", "^b"],
    label: "pgup",
    helpLabel: "pgup pgdn",
    does: "a tenth back, a tenth on",
    when: here,
  },
  { action: "replay-page-on", on: ["pageDown", "^d", "^f"], label: "pgdn", when: here },
  {
    action: "replay-start",
    on: ["g", "home"],
    label: "g",
    helpLabel: "g G",
    does: "to the start; to the end, live",
    when: here,
  },
  { action: "replay-end", on: ["G", "end"], label: "G", when: here },
  {
    action: "replay-faster",
    on: ["+", "=", ">"],
    label: "+-",
    helpLabel: "+ -",
    does: "faster and slower, 1x to 100x",
    hint: () => "speed",
    rank: 4,
    when: here,
  },
  { action: "replay-slower", on: ["-", "_", "<"], label: "-", when: here },
  {
    action: "close",
    on: ["escape", "t"],
    label: "esc",
    hint: () => "back",
    rank: 1,
    when: here,
  },
];
