/**
 * What moves through the screen and copies what is in view: from the list to the log and to what
 * runs inside, and back.
 */

import type { Operation } from "../../../protocol/operation.js";
import { count } from "../../../protocol/text/count.js";
import { whyMarkdown } from "../../describe/why.js";
import { selectedOperation } from "../core/chain.js";
import { actionsIn, hasSelected, inDetail, inList, notTyping } from "../core/keys/action-parts.js";
import { isFiltered } from "../core/log/log-window.js";
import { emit, notify, patched, type State } from "../core/model.js";
import { childToOpen, parentOf } from "../core/operation/inside.js";
import { choose } from "../core/operation/select.js";
import { whyOf } from "../core/operation/why.js";
import { closePage } from "../core/submit/pages.js";
import { sanitizeLine } from "../text/cells.js";
import { filtered } from "./list/list-actions.js";
import { wholeLog } from "./log/log-actions.js";
import { plainText } from "./log/log-room.js";
import { shownLines } from "./log/moves.js";
import { copied, submitCommand } from "./operation/operation-actions.js";

/** The operation inside of which the selected one runs. */
function around(state: State): Operation | null {
  const operation = selectedOperation(state);
  return operation && parentOf(state, operation);
}

const over = (state: State): State => ({
  ...state,
  pane: state.pane === "list" ? "detail" : "list",
});

/** What is in view: the lines of the log, else why it failed, else the command that submits it. */
function copy(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null) return state;
  const why = state.pane === "list" ? whyOf(state, operation) : null;
  if (why === null && state.pane === "list") return copied(state, submitCommand(state, operation));
  const lines = shownLines(state);
  const [text, told] =
    why === null
      ? [lines.map(plainText).join("\n"), `${count(lines.length, "line")} copied`]
      : [whyMarkdown(why, sanitizeLine), "copied why it failed, as Markdown"];
  return notify(emit(state, { type: "copy", text }), told, "success");
}

const sought = (state: State) =>
  inDetail(state) && (state.log.search !== null || isFiltered(state.log.window.filter));

/** What the verb leads back from, the innermost first. */
const BACK: ReadonlyArray<{
  when: (state: State) => boolean;
  hint: string;
  run: (state: State) => State;
}> = [
  { when: ({ page }) => page !== null, hint: "back", run: closePage },
  {
    when: (state) => inList(state) && state.list.text !== "",
    hint: "clear",
    run: (state) => filtered(state, ""),
  },
  {
    when: (state) => inList(state) && state.list.marked.size > 0,
    hint: "unmark",
    run: (state) => patched(state, "list", { marked: new Set() }),
  },
  { when: sought, hint: "whole log", run: wholeLog },
  {
    when: (state) => inDetail(state) && state.log.full,
    hint: "back",
    run: (state) => patched(state, "log", { full: false }),
  },
  {
    when: (state) => inDetail(state) && around(state) !== null,
    hint: "back",
    run: (state) => choose(state, around(state)!.id),
  },
  { when: ({ pane }) => pane === "detail", hint: "list", run: over },
];

const back = (state: State) => BACK.find(({ when }) => when(state));

export const VIEW_ACTIONS = actionsIn(hasSelected, [
  {
    name: "open",
    keys: ["return", "rightArrow", "l"],
    description: "the log; the child inside",
    command: "show",
    hint: (state) => {
      if (state.pane === "list") return "log";
      return childToOpen(state, selectedOperation(state)) === null ? null : "inside";
    },
    rank: 2,
    run: (state) => {
      if (state.pane === "list") return over(state);
      const child = childToOpen(state, selectedOperation(state));
      return child === null ? patched(state, "log", { full: true }) : choose(state, child.id);
    },
  },
  {
    name: "back",
    keys: ["escape", "leftArrow", "h"],
    description: "back; clear the filter",
    hint: (state) => back(state)?.hint ?? null,
    rank: 1,
    when: (state) => notTyping(state) && back(state) !== undefined,
    run: (state) => back(state)?.run(state) ?? state,
  },
  { name: "switch", keys: ["tab", "backtab"], description: "the other pane", run: over },
  {
    name: "copy",
    keys: ["C"],
    description: "copy lines, reason, command",
    run: copy,
  },
]);
