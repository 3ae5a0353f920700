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
  /** As the footer and the help call them. */
  label: string;
  /** For the help screen. */
  does: string;
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
const stateOf = (state: State) => selectedOperation(state)?.state ?? "succeeded";

export const KEYS: readonly Key[] = [
  {
    action: "yes",
    on: ["y", "Y"],
    label: "y",
    does: "yes, to a question",
    hint: () => "yes",
    rank: 0,
    when: confirming,
  },
  {
    action: "no",
    on: ["n", "N", "escape", "return", "q"],
    label: "n",
    does: "no, to a question",
    hint: () => "no",
    rank: 0,
    when: confirming,
  },
  {
    action: "up",
    on: ["upArrow", "k"],
    label: "↑ k",
    does: "one up: an operation in the list, a line in the log",
    when: free,
  },
  {
    action: "down",
    on: ["downArrow", "j"],
    label: "↓ j",
    does: "one down",
    when: free,
  },
  { action: "first", on: ["g"], label: "g", does: "to the first operation, or the log's start", when: free },
  { action: "last", on: ["G"], label: "G", does: "to the last operation, or the log's end", when: free },
  {
    action: "enter",
    on: ["return", "rightArrow", "l"],
    label: "⏎ →",
    does: "from the list to the operation and its log; ⏎ goes back as well",
    hint: (state) => (state.pane === "list" ? "open" : "list"),
    rank: 2,
    when: hasSelected,
  },
  {
    action: "back",
    on: ["escape", "leftArrow", "h"],
    label: "esc ←",
    does: "back to the list",
    when: (state) => state.help || (free(state) && state.pane === "detail"),
  },
  { action: "switch", on: ["tab"], label: "tab", does: "the other pane", when: hasSelected },
  {
    action: "page-up",
    on: ["pageUp", "^u", "^b"],
    label: "pgup",
    does: "a page up in the log, which then stands still",
    hint: () => "log up",
    rank: 7,
    when: free,
  },
  {
    action: "page-down",
    on: ["pageDown", "^d", "^f", " "],
    label: "pgdn",
    does: "a page down in the log",
    when: free,
  },
  {
    action: "log-start",
    on: ["home"],
    label: "home",
    does: "to the oldest line held of the log",
    when: onLog,
  },
  {
    action: "log-end",
    on: ["end"],
    label: "end",
    does: "to the log's end, and follow it again",
    hint: () => "follow log",
    rank: 3,
    when: (state) => onLog(state) && !state.log.follow,
  },
  {
    action: "cancel",
    on: ["c"],
    label: "c",
    does: "cancel the operation (asks first)",
    hint: () => "cancel",
    rank: 4,
    when: (state) =>
      hasSelected(state) && !isFinal(stateOf(state)) && !selectedOperation(state)!.cancelRequested,
  },
  {
    action: "retry",
    on: ["r"],
    label: "r",
    does: "run a failed or cancelled operation again",
    hint: () => "retry",
    rank: 4,
    when: (state) => hasSelected(state) && (stateOf(state) === "failed" || stateOf(state) === "cancelled"),
  },
  {
    action: "follow",
    on: ["f"],
    label: "f",
    does: "follow a chain to its next operation, on or off",
    hint: (state) => `follow ${state.followChain ? "on" : "off"}`,
    rank: 5,
    when: free,
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
    does: "leave; what runs goes on",
    hint: () => "quit",
    rank: 1,
    when: (state) => !confirming(state),
  },
  { action: "interrupt", on: ["^c"], label: "ctrl-c", does: "leave, from anywhere", when: () => true },
];

/** The action of a key in this state, or null where it does nothing now. */
export function actionFor(state: State, pressed: Pressed): Action | null {
  const name = "special" in pressed ? pressed.special : pressed.ctrl ? `^${pressed.input}` : pressed.input;
  return KEYS.find((key) => key.on.includes(name) && key.when(state))?.action ?? null;
}
