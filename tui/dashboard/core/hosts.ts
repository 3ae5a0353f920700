/** Hosts on the screen: those of the daemon, and those that keys name. A daemon alone has one host, which nothing shows. */
import type { Operation } from "../../../protocol/operation.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { fit, fitName, sanitizeLine } from "../text/cells.js";
import { answerOf, ask } from "./ask.js";
import { hostOfKey, shownHost } from "./key.js";
import { isLive, patched, type State } from "./model.js";
import type { Host } from "./slices/hosts.js";

type WithHosts = Pick<State, "hosts">;

/** Several daemons refuse it: it is about one. */
export const daemon = ask<object, DaemonReply>({
  want: () => ({}),
  bring: async (_want, { client, tell }) => tell(await client.daemon()),
});

/** Whether there are hosts to tell apart. */
export const hasHosts = ({ hosts: { all, engine } }: WithHosts): boolean => engine !== null || all.length > 1;

/** Whether keys name the daemon of a host. */
export const namesHosts = ({ hosts: { all } }: WithHosts): boolean =>
  all.some((host) => host.daemon !== undefined);

/** Names of the hosts that operations may be on, where there are several: lists then tell where. */
export const hostNames = ({ hosts: { all } }: WithHosts): string[] =>
  all.length > 1 ? all.map(({ name }) => name) : [];

/** The host of a row, in so many columns; "": none. */
export function hostLabel(state: State, operation: Operation, width: number): string {
  const name = hostOfKey(operation.id);
  if (name === null) return fit(sanitizeLine(shownHost(operation) ?? ""), width);
  return fitName(sanitizeLine(name), width, hostNames(state));
}

/** Columns of the longest name of a host; 0: the list does not tell hosts. */
export const hostColumn = (state: WithHosts): number =>
  Math.max(0, ...hostNames(state).map((name) => name.length));

export const hostNamed = ({ hosts: { all } }: WithHosts, name: string | null | undefined): Host | null =>
  all.find((host) => host.name === name) ?? null;

/** The host of the daemon that the screen asks; null: not known yet. */
export const ownHost = (state: Pick<State, "hosts" | "answers">): Host | null =>
  hostNamed(state, answerOf(state, daemon)?.host);

export const liveHosts = ({ hosts: { all } }: WithHosts): readonly Host[] =>
  all.filter(({ state }) => state === "up");

/** Hosts that do not answer. A host that is asked for the first time is none of them. */
export const unreachableHosts = ({ hosts: { all } }: WithHosts): readonly Host[] =>
  all.filter(({ state, since, daemon }) => state === "unreachable" && (since ?? daemon?.reason) !== null);

/** The host that the key names; null: it names none. */
export const hostOfOperation = (state: WithHosts, key: string | null): Host | null =>
  key === null ? null : hostNamed(state, hostOfKey(key));

/** Whether the host of the key does not answer. */
export const isSilent = (state: WithHosts, key: string | null): boolean =>
  (hostOfOperation(state, key)?.state ?? "up") !== "up";

/** Whether the daemon that has what the key names answers. */
export const isReachable = (state: Pick<State, "hosts" | "connection">, key: string | null): boolean =>
  isLive(state) && !isSilent(state, key);

/** The state as the silent host of the operation left it, its clock standing still; the same state where it answers. */
export function asLastHeard(state: State, key: string | null): State {
  const since = hostOfOperation(state, key)?.since ?? null;
  if (since === null || !isLive(state)) return state;
  const now = Date.parse(since);
  const silentFor = Math.max(0, Math.floor((state.now - now) / 1000));
  return patched({ ...state, now }, "hosts", { silentFor });
}
