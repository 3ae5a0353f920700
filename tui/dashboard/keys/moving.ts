/** Keys that select, open and scroll. */
import type { Key } from "./key.js";
import { narrowed } from "./log.js";
import { free, hasSelected, inDetail } from "./when.js";

export const MOVING: readonly Key[] = [
  {
    action: "up",
    on: ["upArrow", "k"],
    label: "↑",
    helpLabel: "↑↓ k j",
    does: "select, or scroll the log",
    when: free,
  },
  { action: "down", on: ["downArrow", "j"], label: "↓", when: free },
  { action: "first", on: ["g"], label: "g", helpLabel: "g G", does: "to the first, to the last", when: free },
  { action: "last", on: ["G"], label: "G", when: free },
  {
    action: "enter",
    on: ["return", "rightArrow", "l"],
    label: "⏎",
    helpLabel: "⏎ →",
    does: "open it; arrows scroll its log",
    hint: (state) => (state.pane === "list" ? "open" : "list"),
    rank: 2,
    when: hasSelected,
  },
  {
    action: "back",
    on: ["leftArrow", "h"],
    label: "esc",
    helpLabel: "esc ←",
    does: "back to the list (tab: over)",
    when: (state) => free(state) && state.pane === "detail",
  },
  { action: "back", on: ["escape"], label: "esc", when: (state) => inDetail(state) && !narrowed(state) },
  { action: "switch", on: ["tab", "backtab"], label: "tab", when: hasSelected },
  {
    action: "page-up",
    on: ["pageUp", "^u", "^b"],
    label: "pgup",
    helpLabel: "pgup pgdn",
    does: "a page of the list, or of the log",
    when: free,
  },
  {
    action: "page-down",
    on: ["pageDown", "^d", "^f", " "],
    label: "pgdn",
    when: free,
  },
];
