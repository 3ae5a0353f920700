/** Which operations `ls` lists: the options, and their check. */
import { UsageError } from "../../../protocol/failures.js";
import { FIRST_QUEUED } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import { isSubmittedIn } from "../../../protocol/origin.js";
import { STATES, type State } from "../../../protocol/state.js";
import { nearest } from "../../../protocol/text/nearest.js";

/**
 * Without a limit, `ls` shows the newest 20 operations, those that run and the first queued ones;
 * with a limit, only the newest N.
 */
export const DEFAULT_LIMIT = 20;

export interface LsFilter {
  state?: State[] | undefined;
  op?: string | undefined;
  session?: string | undefined;
  /** Directory in which, or below which, they were submitted. */
  here?: string | undefined;
  /** `none`: what runs inside of another operation is folded into that one. */
  parent?: "none" | undefined;
  limit?: number | undefined;
  /** The filters that the daemon does not know; undefined: none is given. */
  fits?: ((operation: Operation) => boolean) | undefined;
}

/** The filters that the client applies to the operations of a list. */
export interface ClientFilter {
  session?: string;
  here?: boolean;
  label?: string;
  queue?: string;
}

interface FilterOptions extends ClientFilter {
  state?: string;
  op?: string;
  children?: boolean;
  limit?: string;
}

/** @throws UsageError for an unknown state, or a limit that is not a number */
export function givenFilter(options: FilterOptions): LsFilter {
  const { session, here, label, queue } = options;
  const isFiltered = [session, here, label, queue].some((each) => each !== undefined);
  return {
    state: statesOf(options.state),
    op: options.op,
    session,
    here: here ? process.cwd() : undefined,
    parent: options.children || queue !== undefined ? undefined : "none",
    limit: limitOf(options.limit),
    ...(isFiltered && { fits: selector(options) }),
  };
}

/** Whether an operation has the session, the directory, the label and the queue. */
export function selector({
  session,
  here,
  label,
  queue,
}: ClientFilter): (operation: Operation) => boolean {
  return (it) =>
    (session === undefined || it.session === session) &&
    (!here || isSubmittedIn(it, process.cwd())) &&
    (label === undefined || it.label === label) &&
    (queue === undefined || it.queue === queue);
}

/** The operations to list, from those that match, newest first. */
export function newestOf(matching: Operation[], { limit }: LsFilter): Operation[] {
  if (limit !== undefined) return matching.slice(0, limit);
  const queued = matching.filter(({ state }) => state === "queued");
  const first = new Set(queued.sort((a, b) => placeOf(a) - placeOf(b)).slice(0, FIRST_QUEUED));
  return matching.filter((it, i) => i < DEFAULT_LIMIT || it.state === "running" || first.has(it));
}

/** Says how many queued operations a list leaves out. */
export function moreQueuedText(count: number): string {
  return count === 1 ? "1 more operation is queued" : `${count} more operations are queued`;
}

/** The place in the queue; last: the operation waits for something else. */
function placeOf({ queuePosition }: Operation): number {
  return queuePosition ?? Number.MAX_SAFE_INTEGER;
}

/** @throws UsageError for an unknown state */
export function statesOf(text: string | undefined): State[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const state = STATES.find((known) => known === word.trim());
    if (state) return state;
    const [near] = nearest(word, STATES);
    throw new UsageError(
      `--state: ${JSON.stringify(word)} is not a state${near ? `; did you mean ${near}?` : ""}`,
      `states: ${STATES.join(", ")}`,
    );
  });
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(
    `--limit: ${JSON.stringify(text)} is not a number of operations; give 1 or more`,
  );
}
