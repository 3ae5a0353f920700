/** What waits for a person, and what the person has looked at: what is selected when a key is pressed. */
import type { Operation } from "../../../protocol/operation.js";
import { isAsked, type Waiting, waitOf, waitOfSchedule, waitsOf } from "../../describe/waits.js";
import { nameOf, operationOf } from "./chain.js";
import { emit, patched, type State } from "./model.js";
import { perObject } from "./per-object.js";

const waitsIn = perObject((operations: ReadonlyMap<string, Operation>): readonly Waiting[] =>
  [...operations.values()].flatMap((operation) => waitOf(operation) ?? []),
);

export const waitingOf = perObject((state: State): readonly Waiting[] => {
  const { view, fetched, queues, looks, now } = state;
  const others = waitsIn(fetched).filter(({ operation }) => !view.operations.has(operation!));
  const schedules = queues.schedules.flatMap((schedule) => waitOfSchedule(schedule) ?? []);
  return waitsOf([...waitsIn(view.operations), ...others, ...schedules], looks, now);
});

/** Untrusted text. */
export function nameOfWaiting(state: State, { operation, schedule }: Waiting): string {
  const record = operationOf(state, operation ?? null);
  return record === null ? (schedule ?? "") : nameOf(state, record);
}

/** Whether it is selected. */
export function isSelected({ selected, page, queues }: State, { operation, schedule }: Waiting): boolean {
  if (operation !== undefined) return page === null && selected === operation;
  return page?.kind === "queues" && queues.schedules[page.at - queues.all.length]?.name === schedule;
}

/** After a key: what was selected before it was looked at. */
export function withLooked(before: State, after: State): State {
  const seen = waitingOf(before).filter((it) => !isAsked(it) && isSelected(before, it));
  return seen.length === 0 ? after : lookedAt(after, seen);
}

export function lookedAt(state: State, seen: readonly Waiting[]): State {
  const keys = new Set([...state.looks.keys, ...seen.map(({ key }) => key)]);
  const next = patched(state, "looks", { keys });
  return emit(next, { type: "remember", looks: next.looks });
}
