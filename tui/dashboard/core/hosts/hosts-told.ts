/** What the hosts of the daemon tell of themselves. */
import type { HostReply, HostsReply } from "../../../../protocol/replies.js";
import { ask } from "../ask.js";
import { operationOf } from "../chain.js";
import { listLayout } from "../layout/layout.js";
import { patched, type State } from "../model.js";

/** Milliseconds that changes are gathered. */
export const SETTLED = 100;

/** Rows of the queue that are blocked: the list has few of them. */
export const blocked = (state: State): number =>
  listLayout(state).rows.filter((id) => operationOf(state, id)?.blocked != null).length;

export const hosts = ask({
  // A drain blocks queued operations, as a pause does.
  want: (state) => ({ run: state.queues.run, blocked: blocked(state), every: everyOf(state) }),
  wait: () => SETTLED,
  every: ({ every }) => every,
  take: withHosts,
  bring: async (_want, { client, tell, left }) => tell(await client.hosts(left)),
});

/** Where the daemon runs alone, only the page of the hosts shows hosts. */
function everyOf({ page, hosts: { engine } }: State): number | null {
  if (page?.kind === "hosts") return 2000;
  return engine === null ? null : 5000;
}

/** The state with the hosts as told; the same state if what is shown of them is as before. */
function withHosts(state: State, told: HostsReply): State {
  const { engine, all } = state.hosts;
  const isPage = state.page?.kind === "hosts";
  const shown = ({ engine, hosts }: HostsReply) =>
    JSON.stringify([engine, ...hosts.map((host) => shownOf(host, isPage))]);
  if (shown(told) === shown({ engine, hosts: [...all] })) return state;
  return patched(state, "hosts", { all: told.hosts, engine: told.engine });
}

/**
 * Only the page shows figures, which change all the time. The other parts of the screen show
 * states.
 */
function shownOf({ renewedAt: _, ...host }: HostReply, isPage: boolean): unknown {
  const { name, state, since, draining, slots } = host;
  return isPage ? host : [name, state, since, draining, slots];
}
