/** The actions of the page of the hosts. */

import type { HostReply } from "../../../protocol/replies.js";
import { hasHosts, ownHost } from "../../dashboard/core/hosts/hosts.js";
import {
  actionsIn,
  ask,
  busy,
  free,
  onPage,
  send,
} from "../../dashboard/core/keys/action-parts.js";
import { rowAt, rowMover } from "../../dashboard/core/keys/movers.js";
import { isLive, type State } from "../../dashboard/core/model.js";
import { filtered } from "../../dashboard/pages/list/list-actions.js";

export const HOSTS_MOVER = rowMover("hosts", ({ hosts }) => hosts.all.length);

const chosenOf = ({ page, hosts: { all } }: State): HostReply | null =>
  page?.kind === "hosts" ? (all[rowAt(page.at, all.length)] ?? null) : null;

/** The effect on the chosen host. */
const withChosen = (run: (state: State, host: HostReply) => State) => (state: State) => {
  const host = chosenOf(state);
  return host === null ? state : run(state, host);
};

/** Why the chosen host cannot have it; "" without a chosen host. */
const ofChosen = (reason: (state: State, host: HostReply) => string | null) => (state: State) => {
  const host = chosenOf(state);
  return host === null ? "" : reason(state, host);
};

const opensHosts = (state: State) => free(state) && hasHosts(state) && isLive(state);

export const HOSTS_ACTIONS = [
  ...actionsIn(opensHosts, [
    {
      name: "hosts",
      keys: ["H"],
      description: "hosts",
      command: "hosts",
      run: (state) => {
        const at = state.hosts.all.findIndex(({ name }) => name === ownHost(state)?.name);
        return { ...state, page: { kind: "hosts", at: Math.max(0, at) } };
      },
    },
  ]),
  ...actionsIn(onPage("hosts"), [
    {
      name: "drain",
      keys: [],
      description: "drain the host: nothing starts there, or undo that",
      disabledReason: ofChosen((state, host) =>
        host === ownHost(state) ? busy(state) : `drain ${host.name} there, with: liveops drain`,
      ),
      run: withChosen((state, { name, draining }) =>
        draining
          ? send(state, { kind: "undrain-host", name })
          : ask(state, { kind: "drain-host", name }),
      ),
    },
    {
      name: "open",
      keys: ["return"],
      hint: "its operations",
      rank: 0,
      disabledReason: ofChosen(() => null),
      run: withChosen((state, { name }) => filtered({ ...state, page: null }, `host:${name}`)),
    },
    { name: "hosts", keys: ["H"], run: (state) => ({ ...state, page: null }) },
  ]),
];
