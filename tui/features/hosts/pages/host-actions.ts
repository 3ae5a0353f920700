/** The actions of the page of the hosts: of a fleet, or of several daemons. */

import type { HostReply } from "../../../../protocol/replies.js";
import { ask, busy, free, inGroup, onPage, send } from "../../../dashboard/core/action-parts.js";
import { answerOf } from "../../../dashboard/core/ask.js";
import { daemon, hostOfOperation, ownHost } from "../../../dashboard/core/hosts.js";
import { emit, isLive, type State } from "../../../dashboard/core/model.js";
import { rowAt, rowMover } from "../../../dashboard/core/movers.js";
import type { Host } from "../../../dashboard/core/slices/hosts.js";
import { filtered } from "../../../dashboard/pages/list/list-actions.js";
import { hasSeveral } from "../hosts.js";

const fleetHosts = ({ hosts: { fleet } }: State): readonly HostReply[] => fleet?.hosts ?? [];

export const HOSTS_MOVER = rowMover("hosts", (state) =>
  hasSeveral(state) ? state.hosts.named.length : fleetHosts(state).length,
);

function chosenOf<T>({ page }: State, hosts: readonly T[]): T | null {
  return page?.kind === "hosts" ? (hosts[rowAt(page.at, hosts.length)] ?? null) : null;
}

const chosenDaemon = (state: State): Host | null => chosenOf(state, state.hosts.named);
const chosenHost = (state: State): HostReply | null => chosenOf(state, fleetHosts(state));
const chosenName = (state: State): string | null => (chosenDaemon(state) ?? chosenHost(state))?.name ?? null;

/** The host that the key drains: the chosen daemon, or the host of the one daemon. */
function drainedBy(state: State): { name: string; draining: boolean } | null {
  if (!hasSeveral(state)) return ownHost(state);
  const chosen = chosenDaemon(state);
  return chosen === null ? null : { name: chosen.name, draining: chosen.machine?.draining === true };
}

function noDrain(state: State): string | null {
  const [target, chosen] = [drainedBy(state), chosenHost(state)];
  if (hasSeveral(state)) return busy(state, [target?.name ?? ""]);
  if (target === null) return "";
  return chosen === null || chosen === target
    ? busy(state)
    : `drain ${chosen.name} there, with: liveops drain`;
}

function noLoss(state: State): string | null {
  const chosen = chosenHost(state);
  if (chosen === null) return "";
  if (state.hosts.fleet?.fleet === null) return "the daemon runs alone, without a fleet";
  if (chosen === ownHost(state)) return "this daemon runs there";
  if (chosen.state === "lost" || chosen.state === "left") return `already ${chosen.state}`;
  return busy(state);
}

/** With several hosts, the page says why a host does not answer. */
const opensHosts = (state: State) => free(state) && (isLive(state) || hasSeveral(state));
const here = onPage("hosts");

export const HOSTS_ACTIONS = [
  ...inGroup("general", opensHosts, [
    {
      name: "hosts",
      keys: ["H"],
      description: "hosts",
      command: "hosts",
      hint: () => null,
      run: (state) => {
        const own = hostOfOperation(state, state.selected);
        const at = hasSeveral(state)
          ? state.hosts.named.findIndex(({ name }) => name === own?.name)
          : fleetHosts(state).findIndex(({ name }) => name === answerOf(state, daemon)?.host);
        return { ...state, page: { kind: "hosts", at: Math.max(0, at) } };
      },
    },
  ]),
  ...inGroup("general", here, [
    {
      name: "drain",
      keys: ["d"],
      hint: (state) => (drainedBy(state)?.draining ? "undo the drain" : "drain"),
      rank: 0,
      disabledReason: noDrain,
      run: (state) => {
        const target = drainedBy(state);
        if (target === null) return state;
        const { name, draining } = target;
        return draining
          ? send(state, { kind: "undrain-host", name })
          : ask(state, { kind: "drain-host", name });
      },
    },
    {
      name: "declare-lost",
      keys: ["x"],
      when: (state) => here(state) && !hasSeveral(state),
      hint: () => "declare lost",
      rank: 1,
      disabledReason: noLoss,
      run: (state) => {
        const name = chosenName(state);
        return name === null ? state : ask(state, { kind: "declare-lost", name });
      },
    },
    {
      name: "operations-of-host",
      keys: ["return"],
      hint: () => "its operations",
      rank: 1,
      disabledReason: (state) => (chosenName(state) === null ? "" : null),
      run: (state) => filtered({ ...state, page: null }, `host:${chosenName(state)}`),
    },
    { name: "close-hosts", keys: ["H"], run: (state) => ({ ...state, page: null }) },
    {
      name: "connect-host",
      keys: ["c"],
      when: (state) => here(state) && hasSeveral(state),
      hint: () => "connect now",
      rank: 0,
      disabledReason: (state) =>
        chosenDaemon(state)?.connection.state === "live" ? "the host answers" : null,
      run: (state) => {
        const host = chosenName(state);
        return host === null ? state : emit(state, { type: "connect-host", host });
      },
    },
  ]),
];
