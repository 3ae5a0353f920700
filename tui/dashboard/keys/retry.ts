/** Keys of the page that asks from which stage a retry goes on. */
import type { Key } from "./key.js";
import { onPage } from "./when.js";

const here = onPage("retry");

export const RETRY: readonly Key[] = [
  { action: "retry-up", on: ["upArrow", "k"], label: "↑", when: here },
  { action: "retry-down", on: ["downArrow", "j", "tab"], label: "↓", when: here },
  {
    action: "retry-choose",
    on: ["return", "rightArrow", "l"],
    label: "⏎",
    hint: () => "run it again",
    rank: 0,
    when: here,
  },
  {
    action: "close",
    on: ["escape", "leftArrow", "h"],
    label: "esc",
    hint: () => "back",
    rank: 1,
    when: here,
  },
];
