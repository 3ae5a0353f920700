/** Help and the ways out. */
import type { Key } from "./key.js";
import { confirming } from "./when.js";

export const GENERAL: readonly Key[] = [
  {
    action: "help",
    on: ["?"],
    label: "?",
    does: "this page",
    hint: (state) => (state.help ? "close" : "help"),
    rank: 1,
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
  { action: "interrupt", on: ["^c"], label: "ctrl-c", when: () => true },
];
