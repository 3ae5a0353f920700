/** What an operation came to: the values of an end that the record has too, beside the state. */
import type { Outcome } from "./event.js";
import type { Operation } from "./operation.js";

export const END_VALUES = ["result", "resultText", "error"] as const;

type EndValue = (typeof END_VALUES)[number];

/** As the record has them. */
export function recordEnd({ result, resultText, error }: Pick<Outcome, EndValue>) {
  return { result, resultText: resultText ?? null, error } satisfies Partial<Operation>;
}

/** Of a record without an end. */
export const NO_END = recordEnd({ result: null, error: null });

/** As an event has them. */
export function eventEnd({ result, resultText, error }: Operation): Pick<Outcome, EndValue> {
  return { result, ...(resultText !== null && { resultText }), error };
}

export function withoutEnd<E extends Pick<Outcome, EndValue>>(event: E): Omit<E, EndValue> {
  const { result: _, resultText: __, error: ___, ...kept } = event;
  return kept;
}
