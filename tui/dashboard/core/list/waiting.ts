/**
 * What waits for a person, and what the person has looked at: what is selected when a key is
 * pressed.
 */
import type { Operation } from "../../../../protocol/operation.js";
import { isAsked, type Waiting, waitOf, waitOfSchedule, waitsOf } from "../../../describe/waits.js";
import { nameOf } from "../chain.js";
import { emit, type State } from "../model.js";
import { perObject } from "../per-object.js";

const waitsIn = perObject((operations: ReadonlyMap<string, Operation>): readonly Waiting[] =>
  [...operations.values()].flatMap((operation) => waitOf(operation) ?? []),
);

export const waitingOf = perObject((state: State): readonly Waiting[] => {
  const { view, fetched, queues, looked, now } = state;
  const others = waitsIn(fetched).filter(({ operation }) => !view.operations.has(operation!.id));
  const schedules = queues.schedules.flatMap((schedule) => waitOfSchedule(schedule) ?? []);
  const known = [...view.operations.values(), ...fetched.values()];
  return waitsOf([...waitsIn(view.operations), ...others, ...schedules], looked, now, known);
});

/** Untrusted text. */
export function nameOfWaiting(state: State, { operation, schedule }: Waiting): string {
  return operation === undefined ? (schedule ?? "") : nameOf(state, operation);
}

/** Whether it is selected. */
export function isSelected(
  { selected, page, queues }: State,
  { operation, schedule }: Waiting,
): boolean {
  if (operation !== undefined) return page === null && selected === operation.id;
  return (
    page?.kind === "queues" && queues.schedules[page.at - queues.all.length]?.name === schedule
  );
}

/** A person opens what is selected: it and all that ended before it is looked at. */
export function lookedAt(state: State): State {
  const since = waitingOf(state).find((it) => !isAsked(it) && isSelected(state, it))?.since;
  if (since === undefined) return state;
  const looked = Date.parse(since);
  return emit({ ...state, looked }, { type: "remember", looked });
}
