/** Keys that ask the daemon for something, and the answers to what is asked first. */
import type { Key } from "./key.js";
import { confirming, free, hasSelected, mayCancel, mayRemove, mayRetry } from "./when.js";

export const ANSWERS: readonly Key[] = [
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
];

export const DOING: readonly Key[] = [
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
    action: "timeline",
    on: ["t"],
    label: "t",
    does: "its timeline, and a replay",
    hint: () => "timeline",
    rank: 6,
    when: hasSelected,
  },
  {
    action: "retry-from",
    on: ["R"],
    label: "R",
    does: "run it again from a chosen stage",
    when: mayRetry,
  },
  {
    action: "submit",
    on: ["s"],
    label: "s",
    does: "submit an operation",
    hint: () => "submit",
    rank: 6,
    when: free,
  },
  {
    action: "remove",
    on: ["x", "delete"],
    label: "x",
    does: "remove a finished one (asks first)",
    when: mayRemove,
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
];
