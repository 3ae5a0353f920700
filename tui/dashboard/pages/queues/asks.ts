/** What is asked for of queues, schedules, hosts and the order of starts. The stream does not report them. */
import type { HostsReply, QueueReply, ScheduleReply } from "../../../../protocol/replies.js";
import { ask } from "../../core/ask.js";
import { operationOf } from "../../core/chain.js";
import { withHosts } from "../../core/hosts.js";
import { listLayout } from "../../core/layout.js";
import type { State } from "../../core/model.js";
import { withQueues } from "../../core/queue-view.js";

/** Milliseconds that changes of queues are gathered, and between two looks. */
const SETTLED = 100;
const QUEUES_EVERY = 10_000;

/** Rows of the queue that are blocked: the list has few of them. */
const blocked = (state: State): number =>
  listLayout(state).rows.filter(({ id }) => operationOf(state, id)?.blocked != null).length;

export const queues = ask({
  ofAll: true,
  want(state) {
    // The page of the queues counts what they hold.
    const { running, queued } = state.view.counts;
    const held = state.page?.kind === "queues" ? [running, queued] : [];
    // A pause blocks the queued operations.
    return { run: state.queues.run, blocked: blocked(state), held };
  },
  wait: () => SETTLED,
  every: () => QUEUES_EVERY,
  take: (state, told: { queues: readonly QueueReply[]; schedules: readonly ScheduleReply[] }) =>
    withQueues(state, told.queues, told.schedules),
  async bring(_want, { client, tell, left }) {
    const [{ queues }, { schedules }] = await Promise.all([client.queues(left), client.schedules(left)]);
    tell({ queues, schedules });
  },
});

export const hosts = ask({
  want: (state) =>
    state.hosts.named.length === 0 || state.page?.kind === "hosts"
      ? // A drain blocks queued operations, as a pause does.
        { run: state.queues.run, blocked: blocked(state), every: hostsEvery(state) }
      : null,
  wait: () => SETTLED,
  every: ({ every }) => every,
  take: (state, fleet: HostsReply) => withHosts(state, fleet),
  bring: async (_want, { client, tell, left }) => tell(await client.hosts(left)),
});

/** Without a fleet nothing of the hosts is on the screen but their page. */
function hostsEvery({ page, hosts: { fleet } }: State): number | null {
  if (page?.kind === "hosts") return 2000;
  return fleet?.fleet ? 5000 : null;
}
