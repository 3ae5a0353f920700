/** The actions on operations in list and detail: requests to the daemon, and programs beside the screen. */

import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { whyMarkdown } from "../../../describe/why.js";
import {
  ask,
  asking,
  busy,
  free,
  hasSelected,
  inDetail,
  inGroup,
  noDaemon,
  noHost,
  onPage,
  send,
  targets,
} from "../../core/action-parts.js";
import { chainOf, operationOf, selectedOperation } from "../../core/chain.js";
import { namesHosts } from "../../core/hosts.js";
import { childToOpen, parentOf } from "../../core/inside.js";
import { bareOf, hostOfKey } from "../../core/key.js";
import { isFiltered } from "../../core/log-window.js";
import { emit, isLive, notify, patched, type State } from "../../core/model.js";
import { askTypes, closePage, openRetry, openTimeline, openTypes, retryChoices } from "../../core/pages.js";
import { flagsOf, idsOf, liveops, type Request } from "../../core/request.js";
import { choose } from "../../core/select.js";
import { copiesWhy, editablePlace, ranElsewhere, whyOf } from "../../core/why.js";
import { sanitizeLine } from "../../text/cells.js";
import { isUnfolded, unfolded } from "./fold.js";

/** The operation inside of which the selected one runs. */
function around(state: State): Operation | null {
  const operation = selectedOperation(state);
  return operation && parentOf(state, operation);
}

const over = (state: State): State => ({ ...state, pane: state.pane === "list" ? "detail" : "list" });

function noCancel(state: State): string | null {
  const all = targets(state);
  if (all.some((operation) => !isFinal(operation.state) && !operation.cancelRequested)) return busy(state);
  return all.every((operation) => isFinal(operation.state)) ? "already finished" : "already cancelling";
}

function noTerminal(operation: Operation | null): string | null {
  if (operation === null || operation.state === "queued") return "not started yet";
  if (isFinal(operation.state)) return "already finished";
  return operation.terminal ? null : "None of its programs has a terminal. Submit it with --tty.";
}

function noShell(state: State): string | null {
  const operation = selectedOperation(state);
  if (operation === null || !isFinal(operation.state)) return "not finished yet";
  return ranElsewhere(state, operation) ? `it ran on the host ${operation.host}: open the shell there` : null;
}

const mayRetry = ({ state }: { state: string }) => state === "failed" || state === "cancelled";

function noRetry(state: State): string | null {
  return targets(state).some(mayRetry) ? busy(state) : "only a failed or cancelled operation can be retried";
}

/** The one operation of the question, if it is a retry. */
function retriedAlone(state: State): string | null {
  const request = state.question?.request;
  return request?.kind === "retry" && request.ids.length === 1 ? request.ids[0]! : null;
}

/** The operation of the question, if its retry has stages to choose from; else null. */
function retriesFrom(state: State): string | null {
  const request = state.question?.request;
  const id = request?.kind === "retry" && request.from === undefined ? (request.ids[0] ?? null) : null;
  return id !== null && retryChoices(state, id).length > 1 ? id : null;
}

/** Operations, not running, that the rows of the targets stand for: of a folded chain, all of them. */
function removable(state: State): { all: string[]; own: string[] } {
  const own = targets(state).filter((operation) => operation.state !== "running");
  const all = own.flatMap((operation) => {
    const folded = state.list.folds.get(operation.id)?.part === "folded";
    return (folded ? chainOf(state, operation) : [operation]).filter((link) => link.state !== "running");
  });
  return { all: all.map(({ id }) => id), own: own.map(({ id }) => id) };
}

/** The command that submits the operation again. */
function submitCommand(state: State): string | null {
  const operation = selectedOperation(state);
  if (operation === null) return null;
  const { args, ...params } = operation.params as { args?: unknown };
  const words = Object.entries(params).map(([name, value]) =>
    typeof value === "string" ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`,
  );
  const trailing = Array.isArray(args) ? ["--", ...args.map(String)] : [];
  const label = operation.label === null ? [] : ["--label", operation.label];
  const flags = flagsOf(operation.id, state.session.flags);
  return liveops(["submit", operation.op, ...words, ...label, ...trailing], flags);
}

/** The daemon was there, and its last report is still shown. */
const isLost = (state: State) =>
  state.connection.state === "away" && selectedOperation(state) !== null && !namesHosts(state);

/** A start cannot help where a daemon hangs: it holds the state directory. */
const isHung = ({ connection }: State) => connection.state !== "live" && connection.hung !== undefined;

const noStart = (state: State) => (isHung(state) ? "the daemon runs and does not answer" : null);

const startDaemon = (state: State): State =>
  notify(emit(state, { type: "start-daemon" }), "starting the daemon…");

function copied(state: State, command: string): State {
  const emitted = emit(state, { type: "copy", text: command });
  return { ...emitted, notice: { text: "command copied", level: "success", command } };
}

const copyCommand = (state: State, words: readonly string[]): State =>
  copied(state, liveops(words, state.session.flags));

export const OPERATION_ACTIONS = inGroup("operation", hasSelected, [
  {
    name: "yes",
    keys: ["y", "Y"],
    hint: (state) => ((state.question?.only ?? null) === null ? "yes" : "all"),
    rank: 0,
    when: asking,
    run: (state) => (state.question === null ? state : send(state, state.question.request)),
  },
  {
    name: "only",
    keys: ["o"],
    hint: (state) => {
      const only = state.question?.only;
      const id = idsOf(only ?? null)[0] ?? null;
      return `only ${operationOf(state, id)?.title ?? "this one"}`;
    },
    rank: 0,
    when: (state) => asking(state) && state.question?.only !== undefined,
    run: (state) => (state.question?.only === undefined ? state : send(state, state.question.only)),
  },
  {
    name: "retry-from",
    keys: ["s"],
    hint: () => "stages",
    rank: 0,
    when: (state) => asking(state) && retriesFrom(state) !== null,
    run: (state) => openRetry(state, retriesFrom(state)),
  },
  {
    name: "retry-with",
    keys: ["p"],
    hint: () => "change",
    rank: 0,
    when: (state) => asking(state) && retriedAlone(state) !== null,
    run: (state) => {
      const id = retriedAlone(state);
      return id === null
        ? state
        : emit({ ...state, question: null }, { type: "prepare-form", id, retries: true });
    },
  },
  {
    name: "no",
    keys: ["n", "N", "escape", "return", "q"],
    hint: () => "no",
    rank: 0,
    when: asking,
    run: (state) => ({ ...state, question: null }),
  },
  {
    name: "open",
    keys: ["return", "rightArrow", "l"],
    group: "move",
    helpKeys: "⏎ →",
    description: "go to the log; arrows then scroll it",
    command: "show",
    hint: (state) => (state.pane === "list" ? "log" : null),
    rank: 2,
    when: (state) => hasSelected(state) && state.pane === "list",
    run: over,
  },
  {
    name: "switch",
    keys: ["tab", "backtab"],
    group: "move",
    description: "from the list to the log, or back",
    run: over,
  },
  {
    name: "inner",
    keys: ["return", "rightArrow", "l"],
    group: "move",
    helpKeys: "⏎ →",
    description: "open the child that runs inside of it",
    hint: () => "inside",
    rank: 2,
    when: (state) => inDetail(state) && childToOpen(state, selectedOperation(state)) !== null,
    run: (state) => choose(state, childToOpen(state, selectedOperation(state))!.id),
  },
  {
    name: "outer",
    keys: ["escape", "leftArrow", "h"],
    group: "move",
    helpKeys: "esc ←",
    description: "back to the parent of the child",
    hint: () => "back",
    rank: 2,
    when: (state) => inDetail(state) && around(state) !== null && !isNarrowed(state),
    run: (state) => choose(state, around(state)!.id),
  },
  {
    name: "back",
    keys: ["leftArrow", "h", "return", "rightArrow", "l"],
    group: "move",
    helpKeys: "esc ←",
    description: "back to the list",
    when: (state) => free(state) && state.pane === "detail",
    run: (state) => patched({ ...state, pane: "list" }, "log", { full: false }),
  },
  {
    name: "list",
    keys: ["escape"],
    group: "move",
    hint: () => "list",
    rank: 2,
    when: (state) => free(state) && state.pane === "detail" && !isNarrowed(state) && around(state) === null,
    run: (state) => ({ ...state, pane: "list" }),
  },
  {
    name: "submit",
    keys: ["s"],
    description: "submit an operation",
    command: "submit",
    hint: () => "start",
    rank: 4,
    when: (state) => free(state) && !isLost(state),
    disabledReason: noDaemon,
    run: openTypes,
  },
  {
    name: "start-daemon",
    keys: ["return"],
    description: "start the daemon",
    unlisted: (state) => isLive(state) || namesHosts(state),
    hint: () => "start the daemon",
    rank: 0,
    when: (state) => free(state) && !isLive(state) && selectedOperation(state) === null && !namesHosts(state),
    disabledReason: noStart,
    run: startDaemon,
  },
  {
    // The key of submit, which needs the daemon.
    name: "start-lost-daemon",
    keys: ["s"],
    hint: () => "start the daemon",
    rank: 0,
    when: (state) => free(state) && isLost(state),
    disabledReason: noStart,
    run: startDaemon,
  },
  {
    name: "cancel",
    keys: ["c"],
    description: "cancel the operation (asks first)",
    command: "cancel",
    hint: () => "cancel",
    rank: 3,
    disabledReason: noCancel,
    run: (state) => {
      const live = targets(state).filter(
        ({ state: is, cancelRequested }) => !isFinal(is) && !cancelRequested,
      );
      return ask(state, { kind: "cancel", ids: live.map(({ id }) => id) });
    },
  },
  {
    name: "attach",
    keys: ["i"],
    description: "attach to the terminal of its program",
    command: "attach",
    hint: (state) => {
      const operation = selectedOperation(state);
      if (operation?.waitingForInput) return "answer";
      return operation?.terminal ? "attach" : null;
    },
    rank: 1,
    disabledReason: (state) => noHost(state, [state.selected]) ?? noTerminal(selectedOperation(state)),
    run: (state) => (state.selected === null ? state : emit(state, { type: "attach", id: state.selected })),
  },
  {
    name: "shell",
    keys: ["b"],
    description: "open your shell where it failed",
    command: "shell",
    disabledReason: (state) => noHost(state, [state.selected]) ?? noShell(state),
    run: (state) => (state.selected === null ? state : emit(state, { type: "shell", id: state.selected })),
  },
  {
    name: "again",
    keys: ["r", "a"],
    description: "run again: a form with its parameters",
    command: "again",
    hint: () => "run again",
    rank: 4,
    disabledReason: (state) => {
      const operation = selectedOperation(state);
      return operation !== null && isFinal(operation.state) ? busy(state) : "not finished yet";
    },
    // The row of a folded chain begins with its first operation.
    run: (state) => {
      const operation = selectedOperation(state);
      if (operation === null) return state;
      const folded = state.list.folds.get(operation.id)?.part === "folded";
      const { id } = folded ? chainOf(state, operation)[0]! : operation;
      return emit(state, { type: "prepare-form", id });
    },
  },
  {
    name: "retry",
    keys: ["R"],
    description: "retry the same operation, also from a chosen stage",
    command: "retry",
    disabledReason: noRetry,
    run: (state) => {
      const ids = targets(state)
        .filter(mayRetry)
        .map(({ id }) => id);
      return ask(askTypes(state), { kind: "retry", ids });
    },
  },
  {
    name: "remove",
    keys: ["x", "delete"],
    description: "remove the operation and its log (asks first)",
    command: "rm",
    disabledReason: (state) =>
      removable(state).own.length > 0 ? busy(state) : "still running: cancel it first (c)",
    run: (state) => {
      const { all, own } = removable(state);
      const request: Request = { kind: "remove", ids: all };
      return all.length > own.length
        ? ask(state, request, { kind: "remove", ids: own })
        : ask(state, request);
    },
  },
  {
    name: "timeline",
    keys: ["t"],
    description: "timeline of the whole chain",
    hint: (state) => (state.page === null ? "timeline" : null),
    rank: 6,
    when: (state) => hasSelected(state) || onPage("timeline")(state),
    run: (state) => (state.page === null ? openTimeline(state) : closePage(state)),
  },
  {
    name: "details",
    keys: ["v"],
    description: "all facts in its panel, or the panel as before",
    hint: ({ operation: { fold } }) => (fold === null ? "details" : "fold"),
    rank: 6,
    when: hasSelected,
    run: unfolded,
  },
  { name: "fold-facts", keys: ["escape"], when: isUnfolded, run: unfolded },
  {
    name: "copy-why",
    keys: ["y"],
    description: "copy why it failed, as Markdown for a ticket",
    hint: () => "copy why",
    rank: 8,
    when: copiesWhy,
    run: (state) => {
      const why = whyOf(state, selectedOperation(state)!);
      if (why === null) return state;
      const text = whyMarkdown(why, sanitizeLine);
      return notify(emit(state, { type: "copy", text }), "copied why it failed, as Markdown", "success");
    },
  },
  {
    name: "copy-command",
    keys: ["y"],
    description: "copy the command that submits it",
    when: (state) => hasSelected(state) && state.pane === "list" && !copiesWhy(state),
    run: (state) => {
      const command = submitCommand(state);
      return command === null ? state : copied(state, command);
    },
  },
  {
    name: "export",
    keys: [],
    helpKeys: ":export",
    description: "copy the command that writes it as a page for a browser",
    command: "export",
    run: (state) => {
      const { selected: id } = state;
      return id === null ? state : copyCommand(state, ["export", id, "--html", "-o", `${bareOf(id)}.html`]);
    },
  },
  {
    name: "compare",
    keys: [],
    helpKeys: ":compare",
    description: "copy the command that compares the two marked ones",
    disabledReason: ({ list: { marked } }) => {
      if (marked.size !== 2) return "mark two operations with the space bar";
      const hosts = new Set([...marked].map(hostOfKey));
      return hosts.size === 1 ? null : "the marked operations are on two hosts";
    },
    run: (state) => {
      const [earlier, later] = targets(state).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      return copyCommand(state, ["why", later!.id, "--against", earlier!.id]);
    },
  },
  {
    name: "editor",
    keys: ["e"],
    description: "open the source of the error, or the log, in $EDITOR",
    // The key of edit.
    disabledReason: (state) => (selectedOperation(state)?.state === "queued" ? "not started yet" : null),
    run: (state) => {
      const operation = selectedOperation(state);
      if (operation === null) return state;
      const { id, title } = operation;
      return emit(state, { type: "edit", id, title, source: editablePlace(state, operation) });
    },
  },
  {
    name: "follow-chain",
    keys: ["f"],
    description: "follow the chain to its next operation, on or off",
    command: "watch",
    run: (state) => {
      const followChain = !state.selection.followChain;
      return notify(
        patched(state, "selection", { followChain }),
        `follow the chain: ${followChain ? "on" : "off"}`,
      );
    },
  },
]);

function isNarrowed({ log: { search, window: log, full } }: State): boolean {
  return search !== null || isFiltered(log.filter) || full;
}
