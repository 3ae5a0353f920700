/** Keys of an operation's page. */
import type { Key } from "./key.js";
import { hasSelected, onPage } from "./when.js";

const here = onPage("record");

export const RECORD: readonly Key[] = [
  {
    action: "record",
    on: ["v"],
    label: "v",
    does: "all of it, on a page of its own",
    hint: () => "all of it",
    rank: 6,
    when: hasSelected,
  },
  { action: "record-up", on: ["upArrow", "k"], label: "↑", when: here },
  { action: "record-down", on: ["downArrow", "j"], label: "↓", hint: () => "scroll", rank: 2, when: here },
  { action: "record-page-up", on: ["pageUp", "^u", "^b"], label: "pgup", when: here },
  { action: "record-page-down", on: ["pageDown", "^d", "^f", " "], label: "pgdn", when: here },
  { action: "record-top", on: ["g", "home"], label: "g", when: here },
  { action: "record-end", on: ["G", "end"], label: "G", when: here },
  {
    action: "close",
    on: ["escape", "leftArrow", "h", "v", "return"],
    label: "esc",
    hint: () => "back",
    rank: 1,
    when: here,
  },
];
