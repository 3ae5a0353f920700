/** Hosts of a fleet for tests, as a daemon replies with them. */
import type { HostReply, HostsReply } from "../../protocol/replies.js";
import { AT } from "./records.js";

export function host(over: Partial<HostReply> = {}): HostReply {
  return {
    name: "a",
    state: "up",
    since: null,
    session: 1,
    tags: [],
    slots: 2,
    running: 0,
    draining: false,
    load: 0.5,
    memory: { rss: 80e6, heapUsed: 20e6, free: 8e9, total: 16e9 },
    version: "0.1.0",
    joinedAt: AT,
    renewedAt: AT,
    skewMs: 0,
    types: 5,
    ...over,
  };
}

export function fleetOf(hosts: HostReply[], over: Partial<HostsReply["engine"]> = {}): HostsReply {
  const engine = {
    address: "postgres://db/ops",
    awaySince: null,
    synchronous: true,
    problems: [],
    ...over,
  };
  return { engine, hosts };
}
