/** What is asked for of the list: older and queued operations, the one of the command line, new failures, today's counts. */
import { exitCodeOfStatus, Refusal } from "../../../../protocol/errors.js";
import type { Operation } from "../../../../protocol/operation.js";
import { ask, TYPING } from "../../core/ask.js";
import { counted, wantedToday } from "../../core/history.js";
import { isSilent } from "../../core/hosts.js";
import { emit, patched, type State } from "../../core/model.js";
import { failureKey } from "../../core/needs.js";
import {
  addPageOf,
  addQueuePage,
  endsWithOldest,
  type PageReply,
  pageQuery,
  type QueuePageReply,
  type QueuePageWanted,
  queueQuery,
  wantedPage,
  wantedQueuePage,
} from "../../core/paging.js";
import { choose, select, settleSelection } from "../../core/select.js";
import { addFetched } from "../../core/watched.js";
import type { NewFailures } from "../../seen-failures.js";

/** While a person types a filter, it is not asked for at each letter. */
const typing = ({ text, before }: QueuePageWanted) => (text !== "" && before === null ? TYPING : 0);

export const page = ask({
  ofAll: true,
  want: wantedPage,
  wait: (want) => typing(want),
  take: (state, reply: PageReply, want) => toEnd(settleSelection(state, addPageOf(state, want, reply))),
  bring: async (want, { client, tell, state }) => tell(await client.list(pageQuery(state(), want))),
});

/** The last row of all is selected where it was asked for. */
function toEnd(state: State): State {
  const { list } = state;
  if (!list.paging.toEnd || !endsWithOldest(state)) return state;
  const paging = { ...list.paging, toEnd: false };
  return choose(patched(state, "list", { paging }), state.list.order.at(-1) ?? null);
}

export const queue = ask({
  ofAll: true,
  want: wantedQueuePage,
  wait: (want) => typing(want),
  take: (state, reply: QueuePageReply, want) => settleSelection(state, addQueuePage(state, want, reply)),
  bring: async (want, { client, tell, state }) => tell(await client.list(queueQuery(state(), want))),
});

export const find = ask({
  ofAll: true,
  want: (state) => (state.selection.wanted !== null ? { id: state.selection.wanted } : null),
  take(state, operation: Operation) {
    const next = select(addFetched(state, [operation]), operation.id);
    return patched(next, "selection", { wanted: null, movedAt: state.now });
  },
  bring: ({ id }, { client, dispatch, tell }) =>
    client.show(id).then(tell, (error: Error) => {
      // Any other error means that a daemon does not answer. The request is repeated when one is back. One daemon is
      // shown as lost; of several, another one may be shown.
      if (error instanceof Refusal)
        dispatch({ type: "not-found", code: exitCodeOfStatus(error.status), message: error.message });
      else if (client.several !== undefined)
        dispatch({ type: "noticed", text: error.message, level: "warning" });
    }),
});

export const today = ask({
  ofAll: true,
  want: wantedToday,
  take: (state, { count, succeeded }: { count: number; succeeded: number }, { since }) =>
    counted(state, since, count, succeeded),
  async bring({ since }, { client, tell, left }) {
    const [all, good] = await Promise.all([
      client.list({ finishedSince: since, parent: "none", limit: 0 }, left),
      client.list({ finishedSince: since, state: ["succeeded"], parent: "none", limit: 0 }, left),
    ]);
    tell({ count: all.total, succeeded: good.total });
  },
});

export const failures = ask({
  ofAll: true,
  want: (state) => ({ failed: state.view.counts.failed }),
  take(state, { operations, cursor }: NewFailures) {
    const known = addFetched(state, operations);
    const newFailures = operations
      .filter((it) => it.id !== state.selected && !state.needs.looked.has(failureKey(it)))
      .map(({ id }) => id);
    // Failures of a host that does not answer stay new until the host answers.
    const untold = state.needs.failures.filter((id) => isSilent(state, id));
    const all = [...newFailures, ...untold.filter((id) => !newFailures.includes(id))];
    const next = patched(known, "needs", { failures: all, cursor });
    return newFailures.length > 0 ? next : emit(next, { type: "remember-look", cursor });
  },
  async bring(_want, { looks, state, tell, left }) {
    const failures = await looks.fetch(left);
    if (failures === null) return;
    if (failures.operations.length > 0 || state().needs.failures.length > 0) tell(failures);
  },
});
