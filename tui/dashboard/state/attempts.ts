/** The attempts of an operation, read from its stored events. */
import type { EventLine } from "../../../protocol/client/client.js";

export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  /** How it ended, in a word; null while it runs. */
  readonly ended: string | null;
  readonly seconds: number | null;
  readonly message: string | null;
  /** Stages whose value came from an attempt before. */
  readonly kept: readonly string[];
}

/** Attempts with one more event of the operation. */
export function addEvent(attempts: readonly Attempt[], event: EventLine): readonly Attempt[] {
  if (event.type === "attempt:started") {
    const begun = {
      number: event.attempt,
      startedAt: event.at,
      ended: null,
      seconds: null,
      message: null,
      kept: [],
    };
    return [...attempts, begun];
  }
  const last = attempts.at(-1);
  if (last === undefined) return attempts;
  const change = changeOf(last, event);
  return change === null ? attempts : [...attempts.slice(0, -1), { ...last, ...change }];
}

function changeOf(last: Attempt, event: EventLine): Partial<Attempt> | null {
  switch (event.type) {
    case "stage:left":
      return event.resumed ? { kept: [...last.kept, event.stage] } : null;
    case "attempt:finished":
      return { ended: event.state, seconds: event.seconds, message: event.error?.message ?? null };
    case "attempt:requeued":
      return { ended: last.ended ?? "lost", message: last.message ?? event.reason };
    case "operation:finished":
      return last.ended === null ? { ended: event.state, message: event.error?.message ?? null } : null;
    default:
      return null;
  }
}
