/** The operations that one request acts on. */
import { setImmediate as turn } from "node:timers/promises";
import { Refusal } from "../../protocol/errors.js";
import type { SelectionBody } from "../../protocol/requests.js";
import { isFinal, type State } from "../../protocol/state.js";
import type { Parts } from "../compose.js";
import type { Entry } from "../store/decision.js";
import { matchesQuery } from "../store/recent.js";

/**
 * Most operations of a piece. The daemon answers other requests after each piece, within about 50
 * ms.
 */
const PIECE = 50;

/** Operations to act on at once, and ids that are not found, with the error of each. */
export interface Piece {
  entries: Entry[];
  missing: ReadonlyArray<readonly [id: string, error: unknown]>;
}

interface Filter {
  state: readonly State[];
  op: string | undefined;
  label: string | undefined;
  session: string | undefined;
  /** Seconds. */
  olderThan: number | undefined;
}

/**
 * The operations of the request in pieces, queued ones first: they must not start in a slot that a
 * running one leaves. Of the queued ones a filter takes the newest first: an operation must not
 * start because the one that it waits for was cancelled a piece before.
 *
 * @param possible states that the request can act on
 * @throws Refusal where nothing is selected, or no operation in the states can be acted on
 */
export function select(context: Parts, body: SelectionBody, possible: readonly State[]) {
  const { ids, all, state, op, label, session, olderThan } = body;
  const given = [all, state, op, label, session, olderThan].some((each) => each !== undefined);
  if ((ids !== undefined) === given)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      "the body must have ids, or what selects operations: all, state, op, label, session or olderThan",
    );
  if (ids !== undefined) return byIds(context, ids);
  const states = possible.filter((each) => state?.includes(each) ?? true);
  if (states.length === 0)
    throw new Refusal(
      "LIVEOPS_BAD_REQUEST",
      `the state ${state?.join(", ")} selects nothing: the request acts on operations that are ${possible.join(" or ")}`,
    );
  const filter = {
    op,
    label,
    session,
    olderThan,
    state: states,
  };
  return states.every(isFinal) ? finished(context, filter) : live(context, filter);
}

async function* byIds(context: Parts, ids: readonly string[]): AsyncGenerator<Piece> {
  const entries = new Map<string, Entry>();
  const missing: Array<[string, unknown]> = [];
  const find = async (id: string) => {
    try {
      const entry = await context.view.find(id);
      entries.set(entry.record.id, entry);
    } catch (error) {
      missing.push([id, error]);
    }
  };
  for (const id of ids) await find(id);
  const all = [...entries.values()];
  yield { entries: [], missing };
  // Queued ones first: others may be kept only because a queued one waits for them.
  yield* inPieces([...all.filter(isQueued), ...all.filter((entry) => !isQueued(entry))]);
}

async function* inPieces(entries: readonly Entry[]): AsyncGenerator<Piece> {
  for (let from = 0; from < entries.length; from += PIECE) {
    yield { entries: entries.slice(from, from + PIECE), missing: [] };
    await turn();
  }
}

async function* live(context: Parts, filter: Filter): AsyncGenerator<Piece> {
  const entries = [...context.store.ledger.entries.values()].filter(
    (entry) => matchesQuery(entry, queryOf(filter)) && fits(entry, filter, context.now()),
  );
  const newestFirst = entries.sort((a, b) => b.order - a.order);
  yield* inPieces([
    ...newestFirst.filter(isQueued),
    ...newestFirst.filter((entry) => !isQueued(entry)).reverse(),
  ]);
}

/**
 * Oldest first: the order of an operation does not change when it is retried, nor when others are
 * removed.
 */
async function* finished(context: Parts, filter: Filter): AsyncGenerator<Piece> {
  for (let before: number | undefined; ; ) {
    const query = { ...queryOf(filter), order: "oldest" as const, before };
    const page = await context.store.archive.list(query, PIECE);
    yield { entries: page.filter((entry) => fits(entry, filter, context.now())), missing: [] };
    if (page.length < PIECE) return;
    before = page.at(-1)!.order;
    await turn();
  }
}

/** What runs inside of another operation is selected with that one. */
const queryOf = ({ state, op, session }: Filter) => ({ state, op, session, parent: "none" });

/** @param now in ms since 1970 */
function fits({ record }: Entry, { label, olderThan }: Filter, now: number): boolean {
  const age = (now - Date.parse(record.finishedAt ?? record.createdAt)) / 1000;
  return (
    (label === undefined || record.label === label) && (olderThan === undefined || age > olderThan)
  );
}

function isQueued({ record }: Entry): boolean {
  return record.state === "queued";
}
