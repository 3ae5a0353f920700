/** What failed, in lines: `liveops why` begins with them, and an action has them as the reason. */
import type { Failure } from "../why.js";
import { errorLineIn } from "./line-level.js";
import { placeText } from "./place-text.js";

export interface FailureLine {
  readonly part: "where" | "command" | "error" | "place";
  readonly text: string;
}

export function failureLines(failure: Omit<Failure, "source">, attempt: number): FailureLine[] {
  const { stage, step, message, causes, command, exit, place, lines } = failure;
  const reason = exit === null ? undefined : lines[errorLineIn(lines)];
  const where = [
    ...(stage === null ? [] : [`stage ${stage}`]),
    ...(step === null ? [] : [`step ${step}`]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
  ].join(", ");
  return [
    ...(reason === undefined ? [] : [{ part: "error", text: reason.trim() } as const]),
    ...(where === "" ? [] : [{ part: "where", text: where } as const]),
    ...(command === null ? [] : [{ part: "command", text: `$ ${command}` } as const]),
    // A program tells it by its exit, and the message repeats that.
    { part: "error", text: exit ?? message },
    ...causes.map((cause) => ({ part: "error", text: `caused by ${cause}` }) as const),
    ...(place === null ? [] : [{ part: "place", text: `at ${placeText(place)}` } as const]),
  ];
}
