/** The values of an end, beside its state: in the record and in an event. */
import type { Outcome } from "./event.js";
import type { Operation } from "./operation.js";

export const END_VALUES = ["result", "resultText", "error"] as const;

type EndValue = (typeof END_VALUES)[number];

/** The values as keys of a record, which has each of them. */
export function recordEnd({ result, resultText, error }: Pick<Outcome, EndValue>) {
  return { result, resultText: resultText ?? null, error } satisfies Partial<Operation>;
}

/** The values of a record whose operation has not ended. */
export const NO_END = recordEnd({ result: null, error: null });

/** The values as keys of an event, which leaves out an absent text. */
export function eventEnd({ result, resultText, error }: Operation): Pick<Outcome, EndValue> {
  return { result, resultText: resultText ?? undefined, error };
}

export function withoutEnd<E extends Pick<Outcome, EndValue>>(event: E): Omit<E, EndValue> {
  const { result: _, resultText: __, error: ___, ...kept } = event;
  return kept;
}
