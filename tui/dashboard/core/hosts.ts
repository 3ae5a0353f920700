/**
 * What the screen knows of hosts: of a fleet, or of several daemons. Of a daemon without a fleet nothing is shown outside
 * the page.
 */
import type { Operation } from "../../../protocol/operation.js";
import type { HostReply, HostsReply } from "../../../protocol/replies.js";
import { fit, fitName, sanitizeLine } from "../text/cells.js";
import { hostOfKey, shownHost } from "./key.js";
import type { Host, State } from "./model.js";

/** The state with the hosts that the daemon told; the same state if what is shown of them is as before. */
export function withHosts(state: State, fleet: HostsReply): State {
  const shown = (reply: HostsReply | null) => JSON.stringify(shownOf(reply, state.page?.kind === "hosts"));
  return shown(fleet) === shown(state.fleet) ? state : { ...state, fleet };
}

/** Only the page shows figures, which change all the time. The other parts of the screen show states. */
function shownOf(reply: HostsReply | null, isPage: boolean): unknown {
  if (reply === null) return null;
  const { fleet, hosts } = reply;
  if (isPage) return [fleet, hosts.map(({ renewedAt: _, ...host }) => host)];
  return [
    fleet,
    hosts.map(({ name, state, since, draining, slots }) => [name, state, since, draining, slots]),
  ];
}

/** Names of the hosts that operations may be on, where there are several: lists then tell where. */
export function hostNames({ fleet, hosts }: Pick<State, "fleet" | "hosts">): string[] {
  if (hosts.length > 0) return hosts.map(({ name }) => name);
  const isShown = fleet !== null && fleet.fleet !== null && fleet.hosts.length > 1;
  return isShown ? fleet.hosts.map(({ name }) => name) : [];
}

/** The host of a row, in so many columns; "": none. */
export function hostLabel(state: State, operation: Operation, width: number): string {
  const name = hostOfKey(operation.id);
  if (name === null) return fit(sanitizeLine(shownHost(operation) ?? ""), width);
  return fitName(sanitizeLine(name), width, hostNames(state));
}

/** Columns of the longest name of a host; 0: the list does not tell hosts. */
export function hostColumn(state: Pick<State, "fleet" | "hosts">): number {
  return Math.max(0, ...hostNames(state).map((name) => name.length));
}

export function hostNamed({ fleet }: Pick<State, "fleet">, name: string | undefined): HostReply | null {
  return fleet?.hosts.find((host) => host.name === name) ?? null;
}

/** The host of the daemon that the screen asks; null: not known yet. */
export function ownHost(state: Pick<State, "fleet" | "daemon">): HostReply | null {
  return hostNamed(state, state.daemon?.host);
}

export function unreachableHosts({ fleet }: Pick<State, "fleet">): HostReply[] {
  return fleet?.hosts.filter(({ state }) => state === "unreachable") ?? [];
}

/** Whether the screen shows times of hosts that count seconds. */
export function countsHostSeconds(state: Pick<State, "fleet" | "hosts" | "page">): boolean {
  if (state.hosts.length > 0)
    return state.page?.kind === "hosts" || state.hosts.some(({ connection }) => connection.state === "away");
  if (state.fleet === null) return false;
  const isOld = state.page?.kind === "hosts" && state.fleet.hosts.some(({ since }) => since !== null);
  return isOld || unreachableHosts(state).length > 0 || state.fleet.fleet?.awaySince != null;
}

type WithHosts = Pick<State, "hosts">;

export const hasSeveral = ({ hosts }: WithHosts): boolean => hosts.length > 0;

export const liveHosts = ({ hosts }: WithHosts): readonly Host[] =>
  hosts.filter(({ connection }) => connection.state === "live");

export const silentHosts = ({ hosts }: WithHosts): readonly Host[] =>
  hosts.filter(({ connection }) => connection.state !== "live");

/** The host that a key names, or a name of a host; null: there is one daemon, or no such host. */
export function hostOfOperation({ hosts }: WithHosts, key: string | null): Host | null {
  if (hosts.length === 0 || key === null) return null;
  const own = hosts.find((host) => host.name === key);
  if (own !== undefined) return own;
  const name = hostOfKey(key);
  return hosts.find((host) => host.name === name) ?? null;
}

/** Whether the daemon that owns the operation answers. */
export function isReachable(state: Pick<State, "hosts" | "connection">, key: string | null): boolean {
  if (state.connection.state !== "live") return false;
  const host = hostOfOperation(state, key);
  return host === null || host.connection.state === "live";
}

/** The state as the silent host of the operation left it, its clock standing still; the same state where it answers. */
export function asLastHeard(state: State, key: string | null): State {
  const connection = hostOfOperation(state, key)?.connection;
  if (connection?.state !== "away" || state.connection.state !== "live") return state;
  const silentFor = Math.max(0, Math.floor((state.now - connection.since) / 1000));
  return { ...state, now: connection.since, silentFor };
}
