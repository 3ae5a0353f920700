/**
 * What needs a person and was not looked at yet: questions, programs that wait for input, new failures, odd successes,
 * schedules. The header counts it, and a page lists it. An item is looked at once a key is pressed while it is on the
 * screen.
 */
import { waitsForApproval } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import type { Style } from "../text/theme.js";
import { nameOf, operationOf } from "./chain.js";
import { emit, patched, type State } from "./model.js";
import { perObject } from "./per-object.js";

export interface Need {
  /** Another one after each change that is worth a look. */
  readonly key: string;
  readonly style: Style;
  readonly sign: string;
  /** Untrusted text. */
  readonly name: string;
  readonly text: string;
  /** Since when, ISO 8601. */
  readonly since: string;
  /** What shows it: an operation or a schedule. */
  readonly operation?: string;
  readonly schedule?: string;
}

/** The newest first, those that wait for an answer before the others. An exported run needs nobody. */
export const needsOf = perObject((state: State): readonly Need[] => {
  if (state.session.readOnly !== null) return [];
  const all = [...state.view.operations.values()];
  const waits = [...all.flatMap((it) => question(state, it)), ...all.flatMap((it) => input(state, it))];
  const failures = state.needs.failures.flatMap((id) => failure(state, operationOf(state, id)));
  const odds = all.flatMap((it) => odd(state, it));
  const schedules = state.queues.schedules.flatMap(scheduleNeed);
  return [waits, failures, odds, schedules]
    .flatMap(newestFirst)
    .filter(({ key }) => !state.needs.looked.has(key));
});

const newestFirst = (needs: readonly Need[]) => needs.toSorted((a, b) => (a.since < b.since ? 1 : -1));

function question(state: State, operation: Operation): Need[] {
  const open = waitsForApproval(operation);
  if (open === null) return [];
  const { question: text, since } = open;
  const key = `approval ${operation.id} ${since}`;
  return [
    {
      key,
      text,
      since,
      sign: "?",
      style: "accent",
      name: nameOf(state, operation),
      operation: operation.id,
    },
  ];
}

function input(state: State, operation: Operation): Need[] {
  const { waitingForInput, cancelRequested, id } = operation;
  if (operation.state !== "running" || !waitingForInput || cancelRequested) return [];
  const { prompt, since } = waitingForInput;
  const text = prompt.trim() === "" ? "waits for input" : `waits for input: ${prompt.trim()}`;
  const key = `input ${id} ${since}`;
  return [{ key, text, since, sign: "▲", style: "warn", name: nameOf(state, operation), operation: id }];
}

function failure(state: State, operation: Operation | null): Need[] {
  if (operation === null) return [];
  const { id, error, finishedAt, updatedAt } = operation;
  const text = error === null ? "failed" : firstLine(error.message);
  const key = failureKey(operation);
  const since = finishedAt ?? updatedAt;
  return [{ key, text, since, sign: "✗", style: "bad", name: nameOf(state, operation), operation: id }];
}

export const failureKey = ({ id, finishedAt }: Operation): string => `failure ${id} ${finishedAt}`;

/** A success with odd numbers, since this person first looked at the daemon. */
function odd(state: State, operation: Operation): Need[] {
  const [first, ...others] = operation.odd ?? [];
  const { id, state: is, finishedAt } = operation;
  if (first === undefined || is !== "succeeded" || Date.parse(finishedAt ?? "") < state.needs.began)
    return [];
  const text = `odd: ${oddText(first)}${others.length === 0 ? "" : ` (${others.length} more)`}`;
  const need = {
    key: `odd ${id} ${finishedAt}`,
    text,
    since: finishedAt!,
    sign: "!",
    style: "warn",
  } as const;
  return [{ ...need, name: nameOf(state, operation), operation: id }];
}

function scheduleNeed({ name, missing, lastProblem, pausedSince }: ScheduleReply): Need[] {
  const text = missing?.text ?? lastProblem;
  if (text === null || text === undefined || pausedSince !== null) return [];
  const since = missing?.since ?? "";
  const key = `schedule ${name} ${since} ${missing?.kind ?? text}`;
  return [{ key, text, since, sign: "▲", style: "warn", name: `schedule ${name}`, schedule: name }];
}

/** Whether the item is on the screen. */
function isSeen({ selected, page, queues: { schedules, all: queues } }: State, need: Need): boolean {
  if (need.operation !== undefined) return page === null && selected === need.operation;
  return page?.kind === "queues" && schedules[page.at - queues.length]?.name === need.schedule;
}

/** After a key: what is on the screen was looked at. */
export function withLooked(state: State): State {
  const seen = needsOf(state).filter((need) => isSeen(state, need));
  return seen.length === 0 ? state : lookedAt(state, seen);
}

export function lookedAt(state: State, needs: readonly Need[]): State {
  return withKeys(
    state,
    needs.map(({ key }) => key),
  );
}

export function withKeys(state: State, keys: readonly string[]): State {
  const looked = new Set([...state.needs.looked, ...keys]);
  if (looked.size === state.needs.looked.size) return state;
  const isNew = (id: string) => {
    const operation = operationOf(state, id);
    return operation === null || !looked.has(failureKey(operation));
  };
  const next = withNewFailures(state, state.needs.failures.filter(isNew));
  return emit(patched(next, "needs", { looked }), { type: "remember-looked", keys: [...looked] });
}

/** After a look at some of them. The place in the failures is remembered once all were looked at. */
export function withNewFailures(state: State, newFailures: readonly string[]): State {
  if (newFailures.length === state.needs.failures.length) return state;
  const next = patched(state, "needs", { failures: newFailures });
  const { cursor } = state.needs;
  return newFailures.length === 0 && cursor !== null ? emit(next, { type: "remember-look", cursor }) : next;
}
