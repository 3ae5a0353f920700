/** Keys of an operation's page. */
import { panesOf } from "../screen/layout.js";
import { recordHeight } from "../screen/record.js";
import type { State } from "../state/model.js";
import type { Key } from "./key.js";
import { hasSelected, onPage } from "./when.js";

const here = onPage("record");
/** There is more than fits on the screen. */
const scrolls = (state: State) =>
  state.page?.kind === "record" &&
  recordHeight(state, state.page, state.size.columns) > panesOf(state).height;

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
  { action: "record-down", on: ["downArrow", "j"], label: "↓", hint: () => "scroll", rank: 2, when: scrolls },
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
