/**
 * Keeps the stream of each host open, all at the same time. A host that does not answer is tried again and again, and
 * its stream goes on from its cursor.
 */
import { UnreachableHostError } from "../../../protocol/client/ssh/errors.js";
import type { DaemonReply, HostReply } from "../../../protocol/replies.js";
import type { WatchQuery } from "../../../protocol/requests.js";
import type { Message } from "../core/message.js";
import { FIRST_WAIT, nextWait, reasonOf, waitAfter } from "../daemon-calls.js";
import type { AllHosts, HostClient } from "./all-hosts.js";
import { watchLineAt } from "./qualify.js";

export interface HostsTarget {
  dispatch(message: Message): void;
  now(): number;
}

export async function watchHosts(target: HostsTarget, all: AllHosts, left: AbortSignal): Promise<void> {
  await Promise.all(all.hosts.map((host) => watchHost(target, all, host, left)));
}

async function watchHost(
  target: HostsTarget,
  all: AllHosts,
  { name, client }: HostClient,
  left: AbortSignal,
): Promise<void> {
  let wait = FIRST_WAIT;
  let cursor: string | null = null;
  let heardAt: number | null = null;
  while (!left.aborted) {
    let failure: unknown = null;
    try {
      const query: WatchQuery = { limit: 200, ...(cursor !== null && { since: cursor }) };
      for await (const line of client.watch(query, left)) {
        heardAt = target.now();
        if ("cursor" in line && line.cursor !== undefined) cursor = line.cursor;
        target.dispatch({ type: "watched", line: { ...watchLineAt(line, name), host: name } });
        if (line.type !== "snapshot" && line.type !== "resumed") continue;
        wait = FIRST_WAIT;
        void tellOfHost(target, { name, client }, left);
      }
    } catch (error) {
      if (left.aborted) return;
      failure = error;
      // The message of ssh has the next commands, and lines of ssh itself.
      const isSsh = error instanceof UnreachableHostError;
      const reason = isSsh ? error.message.replaceAll("\n", "; ") : reasonOf(error);
      target.dispatch({ type: "host-lost", host: name, reason, heardAt, at: target.now() });
    }
    await all.wait(name, waitAfter(failure, wait), left);
    wait = nextWait(wait, client.socket);
  }
}

/** Data of the page of the hosts. The stream reports a lost host. */
async function tellOfHost(
  target: HostsTarget,
  { name, client }: HostClient,
  left: AbortSignal,
): Promise<void> {
  const host = name;
  const [daemon, hosts] = await Promise.allSettled([client.daemon(left), client.hosts(left)]);
  if (left.aborted) return;
  const at = target.now();
  const facts: { daemon?: DaemonReply; machine?: HostReply } = {};
  if (daemon.status === "fulfilled") facts.daemon = daemon.value;
  const own = hosts.status === "fulfilled" ? hosts.value.hosts : [];
  const machine = own.find((each) => each.name === facts.daemon?.host) ?? own[0];
  if (machine !== undefined) facts.machine = machine;
  if (Object.keys(facts).length > 0) target.dispatch({ type: "host-told", host, ...facts, at });
}

/** While the page of the hosts is open: each host for itself, so that none waits for another. */
export function tellOfHosts(target: HostsTarget, all: AllHosts, left: AbortSignal): Promise<unknown> {
  return Promise.all(all.live().map((host) => tellOfHost(target, host, left)));
}
