/**
 * Hosts on the screen: those of a fleet, and those that keys name. A daemon without a fleet has one host, which only the
 * page of the hosts shows.
 */
import type { Operation } from "../../../protocol/operation.js";
import type { DaemonReply, HostReply, HostsReply } from "../../../protocol/replies.js";
import { fit, fitName, sanitizeLine } from "../text/cells.js";
import { answerOf, ask } from "./ask.js";
import { hostOfKey, shownHost } from "./key.js";
import { isLive, patched, type State } from "./model.js";
import type { Host } from "./slices/hosts.js";

export const daemon = ask<object, DaemonReply>({
  want: (state) => (state.hosts.named.length === 0 ? {} : null),
  bring: async (_want, { client, tell }) => tell(await client.daemon()),
});

/** The state with the hosts that the daemon told; the same state if what is shown of them is as before. */
export function withHosts(state: State, fleet: HostsReply): State {
  const shown = (reply: HostsReply | null) => JSON.stringify(shownOf(reply, state.page?.kind === "hosts"));
  return shown(fleet) === shown(state.hosts.fleet) ? state : patched(state, "hosts", { fleet });
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
export function hostNames({ hosts: { fleet, named: hosts } }: Pick<State, "hosts">): string[] {
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

const longest = (names: readonly string[]): number => Math.max(0, ...names.map((name) => name.length));

/** Columns of the longest name of a host; 0: the list does not tell hosts. */
export const hostColumn = (state: Pick<State, "hosts">): number => longest(hostNames(state));

/** Columns of the longest host of a key; 0: keys name no host. */
export const keyColumn = ({ hosts: { named: hosts } }: WithHosts): number =>
  longest(hosts.map(({ name }) => name));

export function hostNamed(
  { hosts: { fleet } }: Pick<State, "hosts">,
  name: string | undefined,
): HostReply | null {
  return fleet?.hosts.find((host) => host.name === name) ?? null;
}

/** The host of the daemon that the screen asks; null: not known yet. */
export function ownHost(state: Pick<State, "hosts" | "answers">): HostReply | null {
  return hostNamed(state, answerOf(state, daemon)?.host);
}

export function unreachableHosts({ hosts: { fleet } }: Pick<State, "hosts">): HostReply[] {
  return fleet?.hosts.filter(({ state }) => state === "unreachable") ?? [];
}

/** Whether the screen shows times of hosts that count seconds. */
export function countsHostSeconds(state: Pick<State, "hosts" | "page">): boolean {
  if (state.hosts.named.length > 0)
    return (
      state.page?.kind === "hosts" || state.hosts.named.some(({ connection }) => connection.state === "away")
    );
  if (state.hosts.fleet === null) return false;
  const isOld = state.page?.kind === "hosts" && state.hosts.fleet.hosts.some(({ since }) => since !== null);
  return isOld || unreachableHosts(state).length > 0 || state.hosts.fleet.fleet?.awaySince != null;
}

type WithHosts = Pick<State, "hosts">;

export const liveHosts = ({ hosts: { named: hosts } }: WithHosts): readonly Host[] =>
  hosts.filter(({ connection }) => connection.state === "live");

/** The host of the key, or of this name; null: the key names none. */
export function hostOfOperation({ hosts: { named: hosts } }: WithHosts, key: string | null): Host | null {
  if (hosts.length === 0 || key === null) return null;
  const own = hosts.find((host) => host.name === key);
  if (own !== undefined) return own;
  const name = hostOfKey(key);
  return hosts.find((host) => host.name === name) ?? null;
}

/** Whether the host of the key does not answer. */
export const isSilent = (state: WithHosts, key: string | null): boolean =>
  (hostOfOperation(state, key)?.connection.state ?? "live") !== "live";

/** Whether the daemon that has what the key names answers. */
export const isReachable = (state: Pick<State, "hosts" | "connection">, key: string | null): boolean =>
  isLive(state) && !isSilent(state, key);

/** The state as the silent host of the operation left it, its clock standing still; the same state where it answers. */
export function asLastHeard(state: State, key: string | null): State {
  const connection = hostOfOperation(state, key)?.connection;
  if (connection?.state !== "away" || !isLive(state)) return state;
  const silentFor = Math.max(0, Math.floor((state.now - connection.since) / 1000));
  return patched({ ...state, now: connection.since }, "hosts", { silentFor });
}
