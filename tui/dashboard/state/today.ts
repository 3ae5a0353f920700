/** How many operations finished since the local midnight: counted by the daemon, and from there by the stream's counts. */
import type { State } from "./model.js";

/** Milliseconds between two counts while operations finish or are removed. */
const GOOD_FOR = 30_000;

const midnight = (now: number): number => new Date(now).setHours(0, 0, 0, 0);

const finishedIn = ({ view: { counts } }: State): number =>
  counts.succeeded + counts.failed + counts.cancelled;

/** Null: not counted yet. */
export function finishedToday(state: State): number | null {
  const { today } = state;
  if (today === null || today.since !== midnight(state.now)) return null;
  return today.count + Math.max(0, finishedIn(state) - today.finished);
}

/** The midnight to count from, with the time of the last count; null: the last count is good. */
export function wantedToday(state: State): { since: string; after: number | null } | null {
  const { today, now } = state;
  const since = midnight(now);
  const isGood =
    today?.since === since && (today.finished === finishedIn(state) || now - today.at < GOOD_FOR);
  return isGood ? null : { since: new Date(since).toISOString(), after: today?.at ?? null };
}

export function counted(state: State, since: string, count: number): State {
  return {
    ...state,
    today: { since: Date.parse(since), count, finished: finishedIn(state), at: state.now },
  };
}
