/** Which of several daemons answer, and what is the last state of one that does not. With one daemon: its connection. */
import type { Host } from "./connection.js";
import { hostOfKey } from "./host-key.js";
import type { State } from "./model.js";

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
