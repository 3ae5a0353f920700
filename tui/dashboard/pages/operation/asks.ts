/**
 * What is asked for of an operation: its chain, what it waits for, earlier runs, times, why it
 * failed.
 */
import { parseHistoryName } from "../../../../protocol/estimate/likeness.js";
import type { Operation } from "../../../../protocol/operation.js";
import type { HistoryReply } from "../../../../protocol/replies.js";
import type { Why } from "../../../../protocol/why.js";
import { ask } from "../../core/ask.js";
import { chainIncomplete, selectedOperation } from "../../core/chain.js";
import { addFetched, addHistory } from "../../core/list/watched.js";
import type { State } from "../../core/model.js";
import { settleSelection } from "../../core/operation/select.js";
import { wantedWhy, withWhy } from "../../core/operation/why.js";
import { unknownDependencies } from "../../core/queues/queue-view.js";
import { wantedHistory } from "../../core/time/history.js";

const fetched = (state: State, operations: readonly Operation[]) =>
  settleSelection(state, addFetched(state, operations));

export const chain = ask({
  // Records are true whatever is selected.
  late: true,
  want(state) {
    const operation = selectedOperation(state);
    if (operation === null || !chainIncomplete(state, operation)) return null;
    return { chain: operation.chain.id, known: operation.id, next: operation.chain.next };
  },
  take: fetched,
  async bring({ chain }, { client, tell }) {
    const { operations } = await client.list({ chain, limit: 200 });
    tell(operations);
  },
});

/** The watch stream brings those that run. */
export const inside = ask({
  late: true,
  want(state) {
    const operation = selectedOperation(state);
    return operation?.children ? { parent: operation.id } : null;
  },
  take: fetched,
  async bring({ parent }, { client, tell }) {
    const { operations } = await client.list({ parent, limit: 200 });
    if (operations.length > 0) tell(operations);
  },
});

export const dependencies = ask({
  want(state) {
    const ids = unknownDependencies(state);
    return ids.length === 0 ? null : { ids };
  },
  take: fetched,
  async bring({ ids }, { client, tell, left }) {
    for (const id of ids) {
      // A removed one has no record.
      const operation = await client.show(id).catch(() => null);
      if (left.aborted) return;
      if (operation !== null) tell([operation]);
    }
  },
});

export const history = ask({
  // Operations may succeed faster than answers come.
  late: true,
  want: wantedHistory,
  take: (state, reply: HistoryReply, { name, succeeded }) =>
    addHistory(state, name, reply, succeeded),
  async bring({ name }, { client, tell }) {
    const { op, key } = parseHistoryName(name);
    // A type whose file is gone has no history.
    const none = { op, runs: 0, finished: 0, seconds: null, stages: {}, recent: [], next: [] };
    tell(await client.history(op, { key }).catch(() => none));
  },
});

export const why = ask({
  want: wantedWhy,
  take: (state, why: Why, failure) => withWhy(state, failure, why),
  bring: async ({ id, partial }, { client, tell, left }) =>
    tell(await client.why(id, { partial }, left)),
});
