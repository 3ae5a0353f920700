/**
 * What the dashboard asks for, and what the answer does to the state: one value for each, in the
 * table of `asks.ts`.
 */
import { isDeepStrictEqual } from "node:util";
import { Refusal } from "../../../protocol/errors.js";
import { type DashboardClient, pause } from "./client.js";
import type { Message } from "./message.js";
import type { State } from "./model.js";
import type { Flags } from "./request.js";

/** What an answer is fetched with. */
export interface Tools {
  readonly client: DashboardClient;
  readonly dispatch: (message: Message) => void;
  readonly state: () => State;
  readonly now: () => number;
  readonly flags: Flags;
  /** Of the daemon; null: not known. */
  readonly stateDir: string | null;
}

/** What `bring` is called with. It may tell several answers, one after the other. */
export interface Asking<Answer> extends Tools {
  readonly tell: (answer: Answer) => void;
  /** Aborts once the state wants something else. */
  readonly left: AbortSignal;
}

export interface Ask<Want extends object, Answer> {
  /** What the state wants now; null: nothing. It is asked for again when this changes. */
  want(state: State): Want | null;
  /** Whether the state may want it while no daemon answers. */
  readonly always?: true;
  /** Whether an answer is taken that comes after the state wants something else. */
  readonly late?: true;
  /** Milliseconds before it is asked for. */
  wait?(want: Want): number;
  /** Milliseconds from an answer to the next request; null: one request. */
  every?(want: Want): number | null;
  bring(want: Want, asking: Asking<Answer>): Promise<void> | void;
  /** What the answer does to the state. Absent: the state keeps the last one for `answerOf`. */
  take?(state: State, answer: Answer, want: Want): State;
}

/** Infers what is wanted and what comes back. */
export const ask = <Want extends object, Answer = never>(
  it: Ask<Want, Answer>,
): Ask<Want, Answer> => it;

/** The last answer; null: none yet. */
export function answerOf<Answer>(
  { answers }: Pick<State, "answers">,
  it: Ask<object, Answer>,
): Answer | null {
  // `withAnswer` put it there.
  return (answers.get(it) as Answer | undefined) ?? null;
}

/** The state with the answer. The state is the same if it keeps the answer and has an equal one. */
export function withAnswer(
  state: State,
  it: Ask<object, unknown>,
  answer: unknown,
  want: object,
): State {
  if (it.take !== undefined) return it.take(state, answer, want);
  if (isDeepStrictEqual(state.answers.get(it), answer)) return state;
  return { ...state, answers: new Map(state.answers).set(it, answer) };
}

/** Milliseconds without another letter before a filter or a search is asked for. */
export const TYPING = 120;
/** Milliseconds from a lost connection to the next request. */
const AGAIN_MS = 1000;

/** Asks until the answer is there, or the state wants something else. */
export async function askFor<Want extends object, Answer>(
  it: Ask<Want, Answer>,
  want: Want,
  asking: Asking<Answer>,
): Promise<void> {
  const { left } = asking;
  const every = it.every?.(want) ?? null;
  const wait = it.wait?.(want) ?? 0;
  if (wait > 0) await pause(wait, left);
  while (!left.aborted) {
    try {
      await it.bring(want, asking);
      if (every === null) return;
      await pause(every, left);
    } catch (error) {
      // The watch stream reports a lost daemon, and its return makes the state want all again. One
      // lost connection does not.
      if (error instanceof Refusal) return;
      await pause(AGAIN_MS, left);
    }
  }
}
