/** Keys of the log, and of the mode in which its text is copied. */
import { isFiltered } from "../state/log-filter.js";
import type { State } from "../state/model.js";
import type { Key } from "./key.js";
import { inDetail, onPage, seesLog } from "./when.js";

const copying = onPage("copy");
const searching = (state: State) => inDetail(state) && state.search !== null;

/** There is a search or a filter for escape to end, before it leads back to the list. */
export const narrowed = (state: State) =>
  inDetail(state) && (state.search !== null || isFiltered(state.log.filter));

export const LOG: readonly Key[] = [
  {
    action: "log-start",
    on: ["home"],
    label: "home",
    helpLabel: "home end",
    does: "log's start; its end, follow",
    when: seesLog,
  },
  {
    action: "log-end",
    on: ["end"],
    label: "end",
    hint: () => "follow log",
    rank: 3,
    when: (state) => seesLog(state) && !state.log.follow,
  },
  { action: "log-pause", on: ["p"], label: "p", does: "hold the log still, or follow it", when: seesLog },
  {
    action: "search",
    on: ["/"],
    label: "/",
    does: "search the log (in the operation)",
    hint: () => "search",
    rank: 5,
    when: inDetail,
  },
  {
    action: "match-after",
    on: ["n"],
    label: "n",
    helpLabel: "n N",
    does: "the match below, the match above",
    hint: () => "below",
    rank: 2,
    when: searching,
  },
  { action: "match-before", on: ["N"], label: "N", hint: () => "above", rank: 2, when: searching },
  { action: "log-clear", on: ["escape"], label: "esc", hint: () => "whole log", rank: 2, when: narrowed },
  {
    action: "stage-before",
    on: ["["],
    label: "[",
    helpLabel: "[ ]",
    does: "to the stage before, to the one after",
    when: seesLog,
  },
  { action: "stage-after", on: ["]"], label: "]", when: seesLog },
  {
    action: "log-stage",
    on: ["S"],
    label: "S",
    helpLabel: "S E",
    does: "only one stage; only one stream",
    when: seesLog,
  },
  { action: "log-stream", on: ["E"], label: "E", when: seesLog },
  {
    action: "log-wrap",
    on: ["w"],
    label: "w",
    helpLabel: "w #",
    does: "wrap long lines; number them",
    hint: ({ logView }) => (logView.wrap ? "cut lines" : "wrap"),
    rank: 8,
    when: inDetail,
  },
  { action: "log-numbers", on: ["#"], label: "#", when: inDetail },
  {
    action: "copy",
    on: ["y"],
    label: "y",
    does: "the text alone, to select and copy",
    hint: () => "copy",
    rank: 8,
    when: inDetail,
  },
  { action: "copy-up", on: ["upArrow", "k"], label: "↑", when: copying },
  { action: "copy-down", on: ["downArrow", "j"], label: "↓", when: copying },
  { action: "copy-page-up", on: ["pageUp", "^u", "^b"], label: "pgup", when: copying },
  { action: "copy-page-down", on: ["pageDown", "^d", "^f", " "], label: "pgdn", when: copying },
  { action: "log-start", on: ["g", "home"], label: "g", when: copying },
  { action: "copy-end", on: ["escape", "y", "leftArrow", "h", "return"], label: "esc", when: copying },
];
