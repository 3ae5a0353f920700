/**
 * Several daemons in one dashboard: what each of them tells, merged into the state that one daemon would make. Pure.
 *
 * The operations of a host that does not answer stay as they were told last.
 */
import type { DaemonReply, HostReply } from "../../../protocol/replies.js";
import { type Counts, NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import { hostOfKey } from "../../dashboard/core/key.js";
import { UNASKED } from "../../dashboard/core/listing.js";
import { notify, patched, type State } from "../../dashboard/core/model.js";
import type { Connection, Host } from "../../dashboard/core/slices/hosts.js";
import type { StreamLine } from "../../dashboard/core/source.js";
import { applyLines, heardNow, LIVE } from "../../dashboard/core/watched.js";

export const newHosts = (hosts: readonly Pick<Host, "name" | "address">[]): readonly Host[] =>
  hosts.map(({ name, address }) => ({
    name,
    address,
    connection: { state: "connecting", reason: null },
    counts: NO_COUNTS,
    moreQueued: 0,
    daemon: null,
    machine: null,
    heardAt: null,
  }));

export const hasSeveral = ({ hosts: { named: hosts } }: Pick<State, "hosts">): boolean => hosts.length > 0;

function sumOf(hosts: readonly Host[]): { counts: Counts; moreQueued: number } {
  const sum = { ...NO_COUNTS };
  let more = 0;
  for (const { counts, moreQueued } of hosts) {
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
    more += moreQueued;
  }
  return { counts: sum, moreQueued: more };
}

function changed(state: State, name: string, change: Partial<Host>): State {
  return patched(state, "hosts", {
    named: state.hosts.named.map((host) => (host.name === name ? { ...host, ...change } : host)),
  });
}

/** Lines of all hosts, in the order in which they came. */
export function applyHostLines(before: State, lines: readonly StreamLine[]): State {
  let state = before;
  let waiting: WatchLine[] = [];
  const apply = () => {
    if (waiting.length > 0) state = applyLines(state, waiting);
    waiting = [];
  };
  for (const line of lines) {
    const { host } = line;
    if (host === undefined) waiting.push(line);
    else if (line.type === "counts") {
      state = changed(state, host, { counts: line.counts, moreQueued: line.moreQueued ?? 0 });
      waiting.push({ type: "counts", ...sumOf(state.hosts.named) });
    } else if (line.type === "snapshot" || line.type === "resumed") {
      apply();
      state = began(state, line, host);
    } else waiting.push(line);
  }
  apply();
  return state;
}

/** A host answers: what it sent replaces its own operations, and leaves those of the others. */
function began(state: State, line: WatchLine, host: string): State {
  const isBack = state.hosts.named.find(({ name }) => name === host)?.connection.state === "away";
  const counts = line.type === "snapshot" ? { counts: line.counts, moreQueued: line.moreQueued ?? 0 } : {};
  const next = changed(state, host, { connection: LIVE, heardAt: state.now, ...counts });
  // The count of today is made again, with this host.
  const opened = patched(withMoreToList(next), "list", { today: null });
  const live = isBack ? patched(opened, "operation", { heard: heardNow(state, host) }) : opened;
  if (line.type !== "snapshot") return applyLines(live, [line]);
  const others = [...state.view.operations.values()].filter(({ id }) => hostOfKey(id) !== host);
  const operations = [...others, ...line.operations];
  return applyLines(live, [{ ...line, operations, ...sumOf(live.hosts.named) }]);
}

/** Older operations of a host that came later have no place in a window that was closed without it. */
function withMoreToList(state: State): State {
  const { list } = state;
  if (list.paging.only !== null || list.paging.pages.length === 0) return state;
  return patched(state, "list", { paging: UNASKED });
}

/** @param at when the host answered last, or when the attempt to reach it failed, in ms */
export function hostLost(before: State, name: string, reason: string, at: number): State {
  const host = before.hosts.named.find((each) => each.name === name);
  if (host === undefined) return before;
  const { connection } = host;
  if (connection.state !== "live" && connection.reason === reason) return before;
  const next: Connection =
    connection.state === "live" ? { state: "away", since: at, reason } : { ...connection, reason };
  const now = connection.state === "live" ? Math.max(before.now, at) : before.now;
  const state = { ...changed(before, name, { connection: next }), now };
  return { ...state, connection: connectionOf(state.hosts.named) };
}

/** A host answers again on the same stream. */
export function answers(state: State, host: string): State {
  const heard = heardNow(state, host);
  return patched(
    { ...changed(state, host, { connection: LIVE, heardAt: state.now }), connection: LIVE },
    "operation",
    { heard },
  );
}

/** Connection of the whole dashboard: one host that answers is enough. */
function connectionOf(hosts: readonly Host[]): Connection {
  const all = hosts.map(({ connection }) => connection);
  if (all.some(({ state }) => state === "live")) return { state: "live" };
  let away: Extract<Connection, { state: "away" }> | null = null;
  for (const each of all)
    if (each.state === "away" && (away === null || each.since > away.since)) away = each;
  if (away !== null) return away;
  const reasons = all.map((each) => (each.state === "connecting" ? each.reason : null));
  return { state: "connecting", reason: reasons.includes(null) ? null : (reasons[0] ?? null) };
}

/** The report of a host about itself. */
export function hostTold(
  before: State,
  name: string,
  facts: { daemon?: DaemonReply; machine?: HostReply },
  heardAt: number,
): State {
  const state = changed(before, name, { ...facts, heardAt });
  const known = before.hosts.named.find((host) => host.name === name)?.daemon ?? null;
  const twin = known === null ? twinOf(state.hosts.named, name) : null;
  return twin === null ? state : notify(state, twin, "warning");
}

/** Two addresses of one store, whose operations are listed twice; null: there is no second one. */
function twinOf(hosts: readonly Host[], name: string): string | null {
  const own = hosts.find((host) => host.name === name)?.daemon ?? null;
  if (own === null) return null;
  for (const { name: other, daemon } of hosts) {
    if (other === name || daemon === null) continue;
    const isSame = daemon.pid === own.pid && daemon.startedAt === own.startedAt;
    if (isSame) return `${other} and ${name} are the same daemon: give one of them`;
    if (own.fleet !== null && daemon.fleet?.engine === own.fleet.engine)
      return `${other} and ${name} are in one fleet, which each of them shows: give one of them`;
  }
  return null;
}
