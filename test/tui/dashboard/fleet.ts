/** A fleet of three hosts for the screens, at the fixed time of their operations. */
import type { DaemonReply, HostReply } from "../../../protocol/replies.js";
import { fleetOf, host } from "../../harness/hosts.js";
import {
  ago,
  backup,
  backupDone,
  failed,
  operation,
  queued,
  scanning,
  verify,
} from "./operations.js";
import type { World } from "./world.js";

const times = { joinedAt: ago(90_000), renewedAt: ago(3) };

export const HOSTS: HostReply[] = [
  host({
    ...times,
    name: "build-1",
    slots: 8,
    running: 5,
    tags: ["eu"],
    load: 4.21,
    skewMs: 2,
  }),
  host({
    ...times,
    name: "build-2",
    state: "unreachable",
    since: ago(42),
    slots: 8,
    running: 3,
    tags: ["eu", "gpu"],
    load: 7.9,
    skewMs: -1100,
  }),
  host({ ...times, name: "db", draining: true, slots: 4, running: 1, load: 0.04 }),
];

export const FLEET = fleetOf(HOSTS);

/** The daemon of `build-1`: the part of its report that the screen reads. */
export const DAEMON = { host: "build-1", startedAt: ago(90_000), concurrency: 8 } as DaemonReply;

/** The first link of a chain ran on another host than its second. */
export const FIRST = backupDone({
  host: "build-1",
  chain: { id: "backupaaaaaa", index: 0, previous: null, next: "verifybbbbbb" },
});
export const SECOND = verify({ host: "db" });

export const OPERATIONS = [
  FIRST,
  SECOND,
  scanning({ host: "build-2" }),
  backup({
    id: "otheraaaaaaa",
    label: "weekly",
    chain: { id: "otheraaaaaaa", index: 0, previous: null, next: null },
    host: "build-1",
  }),
  queued({ on: "build-2", tags: ["gpu"] }),
  failed({ host: "build-2" }),
  operation({
    id: "olderfffffff",
    state: "cancelled",
    label: "rollout",
    host: "db",
    startedAt: ago(7000),
    finishedAt: ago(3000),
  }),
];

export function fleetWorld(world: World): void {
  world.daemon
    .on("GET", "/v1/hosts", (_asked, reply) => reply.json(FLEET))
    .on("GET", "/v1/daemon", (_asked, reply) => reply.json(DAEMON));
  for (const record of OPERATIONS) world.put(record);
}
