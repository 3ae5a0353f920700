/**
 * The actions on operations in list and detail: requests to the daemon, and programs beside the
 * screen.
 */

import { NO, onlyChoice, waitsForApproval } from "../../../../protocol/approval.js";
import type { Operation } from "../../../../protocol/operation.js";
import { isFinal } from "../../../../protocol/state.js";
import { chainOf, operationOf, selectedOperation } from "../../core/chain.js";
import {
  actionsIn,
  ask,
  asking,
  busy,
  free,
  hasSelected,
  noDaemon,
  requests,
  send,
  targets,
} from "../../core/keys/action-parts.js";
import { emit, isLive, notify, type State } from "../../core/model.js";
import { editablePlace, ranElsewhere } from "../../core/operation/why.js";
import { idsOf, kindWords, liveops, type Request } from "../../core/request.js";
import { askTypes, openRetry, retryChoices } from "../../core/submit/pages.js";
import { ANSWER, answerWith, openHelp, SUBMIT } from "../help/help-items.js";

function noAnswer(operation: Operation | null): string | null {
  if (operation !== null && waitsForApproval(operation) !== null) return null;
  if (operation === null || operation.state === "queued") return "not started yet";
  if (isFinal(operation.state)) return "already finished";
  return operation.terminal ? null : "None of its programs has a terminal. Submit it with --tty.";
}

/** Asks what the operation asks; where there are several choices, the help has them. */
function answer(state: State): State {
  const operation = selectedOperation(state);
  if (operation === null) return state;
  const open = waitsForApproval(operation);
  if (open === null) return emit(state, { type: "attach", id: operation.id });
  const only = onlyChoice(open);
  if (only === null) return openHelp(state, ANSWER);
  return ask(state, answerWith(operation.id, open, only), {
    no: answerWith(operation.id, open, NO),
  });
}

function noShell(state: State): string | null {
  const operation = selectedOperation(state);
  if (operation === null || !isFinal(operation.state)) return "not finished yet";
  return ranElsewhere(state, operation)
    ? `it ran on the host ${operation.host}: open the shell there`
    : null;
}

function cancelled(state: State): Request | string {
  const all = targets(state);
  const live = all.filter((operation) => !isFinal(operation.state) && !operation.cancelRequested);
  if (live.length > 0) return { kind: "cancel", ids: live.map(({ id }) => id) };
  return all.every((operation) => isFinal(operation.state))
    ? "already finished"
    : "already cancelling";
}

const mayRetry = ({ state }: { state: string }) => state === "failed" || state === "cancelled";

function retried(state: State): Request | string {
  const ids = targets(state)
    .filter(mayRetry)
    .map(({ id }) => id);
  return ids.length > 0
    ? { kind: "retry", ids }
    : "only a failed or cancelled operation can be retried";
}

/** The one operation of the question, if it is a retry. */
function retriedAlone(state: State): string | null {
  const request = state.question?.request;
  return request?.kind === "retry" && request.ids.length === 1 ? request.ids[0]! : null;
}

/** The operation of the question, if its retry has stages to choose from; else null. */
function retriesFrom(state: State): string | null {
  const request = state.question?.request;
  const id =
    request?.kind === "retry" && request.from === undefined ? (request.ids[0] ?? null) : null;
  return id !== null && retryChoices(state, id).length > 1 ? id : null;
}

/**
 * Operations, not running, that the rows of the targets stand for: of a folded chain, all of them.
 */
function removable(state: State): { all: string[]; own: string[] } {
  const own = targets(state).filter((operation) => operation.state !== "running");
  const all = own.flatMap((operation) => {
    const folded = state.list.folds.get(operation.id)?.part === "folded";
    return (folded ? chainOf(state, operation) : [operation]).filter(
      (link) => link.state !== "running",
    );
  });
  return { all: all.map(({ id }) => id), own: own.map(({ id }) => id) };
}

function removed(state: State): Request | string {
  const { all } = removable(state);
  return all.length > 0 ? { kind: "remove", ids: all } : "still running: cancel it first (c)";
}

/** The command that submits the operation again. */
export function submitCommand(state: State, operation: Operation): string {
  const { args, ...params } = operation.params as { args?: unknown };
  const words = Object.entries(params).map(([name, value]) =>
    typeof value === "string" ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`,
  );
  const trailing = Array.isArray(args) ? ["--", ...args.map(String)] : [];
  const label = operation.label === null ? [] : ["--label", operation.label];
  return liveops(["submit", operation.op, ...words, ...label, ...trailing], state.session.flags);
}

/** There is a daemon to start. */
const isStartable = (state: State) => !isLive(state);

/** A start cannot help where a daemon hangs: it holds the state directory. */
const noStart = ({ connection }: State) =>
  connection.state !== "live" && connection.hung !== undefined
    ? "the daemon runs and does not answer"
    : null;

const startDaemon = (state: State): State => emit(state, { type: "start-daemon" });

export function copied(state: State, command: string): State {
  const emitted = emit(state, { type: "copy", text: command });
  return { ...emitted, notice: { text: "command copied", level: "success", command } };
}

/** Takes the question away, and says that nothing came of it. */
function unanswered(state: State): State {
  const { question } = state;
  if (question === null) return state;
  return notify({ ...state, question: null }, `${kindWords(question.request)}: nothing was done`);
}

/** While the person answers. */
export const QUESTION_ACTIONS = actionsIn(asking, [
  {
    name: "yes",
    keys: ["return", "y", "Y"],
    description: "answer a question",
    hint: ({ question }) => (question?.only === undefined ? "yes" : "all"),
    rank: 0,
    run: (state) => (state.question === null ? state : send(state, state.question.request)),
  },
  {
    name: "no",
    keys: ["n", "N"],
    hint: "no",
    rank: 2,
    run: (state) => {
      const no = state.question?.no;
      return no === undefined ? unanswered(state) : send(state, no);
    },
  },
  {
    name: "only",
    keys: ["o"],
    hint: (state) => {
      const id = idsOf(state.question?.only ?? null)[0] ?? null;
      return `only ${operationOf(state, id)?.title ?? "this one"}`;
    },
    rank: 1,
    when: ({ question }) => question?.only !== undefined,
    run: (state) => send(state, state.question!.only!),
  },
  {
    name: "retry-from",
    keys: ["s"],
    hint: "stages",
    rank: 1,
    when: (state) => retriesFrom(state) !== null,
    run: (state) => openRetry(state, retriesFrom(state)),
  },
  {
    name: "retry-with",
    keys: ["p"],
    hint: "change",
    rank: 1,
    when: (state) => retriedAlone(state) !== null,
    run: (state) =>
      emit(
        { ...state, question: null },
        { type: "prepare-form", id: retriedAlone(state)!, retries: true },
      ),
  },
  {
    name: "later",
    keys: ["escape", "q"],
    hint: ({ question }) => (question?.no === undefined ? null : "later"),
    run: unanswered,
  },
]);

export const OPERATION_ACTIONS = actionsIn(hasSelected, [
  {
    name: "submit",
    keys: ["s"],
    description: "start an operation",
    command: "submit",
    hint: (state) => (isLive(state) ? "start" : "start the daemon"),
    rank: 6,
    when: free,
    disabledReason: (state) => (isStartable(state) ? noStart(state) : noDaemon(state)),
    run: (state) => (isStartable(state) ? startDaemon(state) : openHelp(state, SUBMIT)),
  },
  {
    name: "cancel",
    keys: ["c"],
    description: "cancel (asks first)",
    hint: "cancel",
    rank: 3,
    ...requests(cancelled),
  },
  {
    name: "again",
    keys: ["r"],
    description: "run again, with changes",
    command: "again",
    hint: "run again",
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
    description: "retry, also from a stage",
    hint: "retry",
    rank: 3,
    ...requests(retried, (state, request) => ask(askTypes(state), request)),
  },
  {
    name: "remove",
    keys: ["x", "delete"],
    aliases: ["rm"],
    description: "remove with its log (asks)",
    ...requests(removed, (state, request) => {
      const { all, own } = removable(state);
      return ask(
        state,
        request,
        all.length > own.length ? { only: { kind: "remove", ids: own } } : {},
      );
    }),
  },
  {
    name: "answer",
    keys: ["i"],
    aliases: ["approve", "reject"],
    description: "answer; attach to a program",
    command: "attach",
    hint: (state) => {
      const operation = selectedOperation(state);
      if (operation?.waitingForInput || (operation && waitsForApproval(operation))) return "answer";
      return operation?.terminal ? "attach" : null;
    },
    rank: 0,
    disabledReason: (state) => busy(state) ?? noAnswer(selectedOperation(state)),
    run: answer,
  },
  {
    name: "editor",
    keys: ["e"],
    description: "source or log in $EDITOR",
    disabledReason: (state) =>
      selectedOperation(state)?.state === "queued" ? "not started yet" : null,
    run: (state) => {
      const operation = selectedOperation(state);
      if (operation === null) return state;
      const { id, title } = operation;
      return emit(state, { type: "edit", id, title, source: editablePlace(state, operation) });
    },
  },
  {
    name: "shell",
    keys: [],
    description: "open your shell where it failed",
    command: "shell",
    disabledReason: (state) => noDaemon(state) ?? noShell(state),
    run: (state) =>
      state.selected === null ? state : emit(state, { type: "shell", id: state.selected }),
  },
]);
