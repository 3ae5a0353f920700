/**
 * The one table of keys: what is pressed, what it does, when it does anything, and how footer and `?` call it.
 *
 * `actionFor` finds the action of an input event; the footer and the help screen are drawn from the same entries.
 */
import { isFinal } from "../../protocol/state.js";
import { panesOf } from "./screen/layout.js";
import { type State, selectedOperation } from "./state/model.js";

export type Action =
  | "up"
  | "down"
  | "first"
  | "last"
  | "page-up"
  | "page-down"
  | "log-start"
  | "log-end"
  | "enter"
  | "back"
  | "switch"
  | "cancel"
  | "retry"
  | "follow"
  | "help"
  | "quit"
  | "interrupt"
  | "yes"
  | "no";

/** The part of a key event that is looked at: Ink's, by name. */
export type Pressed =
  | { input: string; ctrl?: boolean }
  | {
      special:
        | "upArrow"
        | "downArrow"
        | "leftArrow"
        | "rightArrow"
        | "pageUp"
        | "pageDown"
        | "home"
        | "end"
        | "return"
        | "escape"
        | "tab";
    };

export interface Key {
  action: Action;
  /** What is typed: characters, `^c` with control, or Ink's names of the other keys. */
  on: string[];
  /** As the footer and, with `does`, the help call it; the help may name a pair of keys in one entry. */
  label: string;
  helpLabel?: string;
  /** For the help; absent: told with the entry before. */
  does?: string;
  /** For the footer; absent: only in the help. */
  hint?: (state: State) => string;
  /** Lower stays longer on a narrow footer. */
  rank?: number;
  when: (state: State) => boolean;
}

const confirming = (state: State) => state.confirming !== null;
const free = (state: State) => !confirming(state) && !state.help;
const hasSelected = (state: State) => free(state) && selectedOperation(state) !== null;
const onLog = (state: State) => hasSelected(state) && (state.pane === "detail" || panesOf(state).both);

function mayCancel(state: State): boolean {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && !isFinal(operation.state) && !operation.cancelRequested;
}

function mayRetry(state: State): boolean {
  const operation = hasSelected(state) ? selectedOperation(state) : null;
  return operation !== null && (operation.state === "failed" || operation.state === "cancelled");
}

export const KEYS: readonly Key[] = [
  {
    action: "yes",
    on: ["y", "Y"],
    label: "y",
    helpLabel: "y n",
    does: "answer a question",
    hint: () => "yes",
    rank: 0,
    when: confirming,
  },
  {
    action: "no",
    on: ["n", "N", "escape", "return", "q"],
    label: "n",
    hint: () => "no",
    rank: 0,
    when: confirming,
  },
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
    on: ["escape", "leftArrow", "h"],
    label: "esc",
    helpLabel: "esc ←",
    does: "back to the list (tab: over)",
    when: (state) => state.help || (free(state) && state.pane === "detail"),
  },
  { action: "switch", on: ["tab"], label: "tab", when: hasSelected },
  {
    action: "page-up",
    on: ["pageUp", "^u", "^b"],
    label: "pgup",
    helpLabel: "pgup pgdn",
    does: "a page of the log",
    hint: () => "log up",
    rank: 7,
    when: (state) => onLog(state) || (free(state) && !panesOf(state).both),
  },
  {
    action: "page-down",
    on: ["pageDown", "^d", "^f", " "],
    label: "pgdn",
    when: (state) => onLog(state) || (free(state) && !panesOf(state).both),
  },
  {
    action: "log-start",
    on: ["home"],
    label: "home",
    helpLabel: "home end",
    does: "log's start; its end, follow",
    when: onLog,
  },
  {
    action: "log-end",
    on: ["end"],
    label: "end",
    hint: () => "follow log",
    rank: 3,
    when: (state) => onLog(state) && !state.log.follow,
  },
  {
    action: "cancel",
    on: ["c"],
    label: "c",
    does: "cancel it (asks first)",
    hint: () => "cancel",
    rank: 4,
    when: mayCancel,
  },
  {
    action: "retry",
    on: ["r"],
    label: "r",
    does: "run a failed one again",
    hint: () => "retry",
    rank: 4,
    when: mayRetry,
  },
  {
    action: "follow",
    on: ["f"],
    label: "f",
    does: "follow chains, on or off",
    hint: (state) => `follow chain ${state.followChain ? "on" : "off"}`,
    rank: 5,
    when: hasSelected,
  },
  {
    action: "help",
    on: ["?"],
    label: "?",
    does: "this page",
    hint: (state) => (state.help ? "close" : "help"),
    rank: 1,
    when: (state) => !confirming(state),
  },
  {
    action: "quit",
    on: ["q"],
    label: "q",
    helpLabel: "q ctrl-c",
    does: "leave; what runs goes on",
    hint: () => "quit",
    rank: 1,
    when: (state) => !confirming(state),
  },
  { action: "interrupt", on: ["^c"], label: "ctrl-c", when: () => true },
];

/** The action of a key in this state, or null where it does nothing now. */
export function actionFor(state: State, pressed: Pressed): Action | null {
  const name = "special" in pressed ? pressed.special : pressed.ctrl ? `^${pressed.input}` : pressed.input;
  return KEYS.find((key) => key.on.includes(name) && key.when(state))?.action ?? null;
}
