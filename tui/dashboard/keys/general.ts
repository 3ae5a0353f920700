/** Help and the ways out. */
import type { Key } from "./key.js";
import { confirming, onPage } from "./when.js";

export const GENERAL: readonly Key[] = [
  { action: "close", on: ["escape", "leftArrow", "h"], label: "esc", when: onPage("help") },
  { action: "help-up", on: ["upArrow", "k", "pageUp"], label: "↑", when: onPage("help") },
  { action: "help-down", on: ["downArrow", "j", "pageDown", " "], label: "↓", when: onPage("help") },
  {
    action: "help",
    on: ["?"],
    label: "?",
    does: "this page",
    hint: (state) => (state.page?.kind === "help" ? "close" : "help"),
    rank: 1,
    when: (state) => !confirming(state) && state.entry === null,
  },
  {
    action: "palette",
    on: [":"],
    label: ":",
    does: "everything, by its name",
    hint: () => "all actions",
    rank: 8,
    when: (state) => !confirming(state) && state.entry === null,
  },
  {
    action: "quit",
    on: ["q"],
    label: "q",
    helpLabel: "q ctrl-c",
    does: "leave; what runs goes on",
    hint: () => "quit",
    rank: 1,
    when: (state) => !confirming(state) && state.entry === null,
  },
  { action: "suspend", on: ["^z"], label: "ctrl-z", does: "back to the shell; fg returns", when: () => true },
  { action: "interrupt", on: ["^c"], label: "ctrl-c", when: () => true },
];
