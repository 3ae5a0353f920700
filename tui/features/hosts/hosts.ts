/** Several daemons: their watch streams at the same time, what each reports of itself, and what all are asked. */
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { UnreachableError } from "../../../protocol/client/errors.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply, HostReply, HostsReply } from "../../../protocol/replies.js";
import { type Counts, NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import { pause, type Several, type WatchTarget } from "../../dashboard/core/client.js";
import { hostOfKey } from "../../dashboard/core/key.js";
import type { Host, HostDaemon } from "../../dashboard/core/slices/hosts.js";
import { keepOpen, reasonOf, SILENT, SILENT_MS } from "../../dashboard/watch.js";
import { lineAt } from "./keyed.js";

/** Milliseconds that a slow host is waited for, once another one has answered. */
const PATIENCE = 700;

export interface HostClient {
  readonly name: string;
  readonly address: string;
  readonly client: Client;
}

type NamedHost = Host & { readonly daemon: HostDaemon };

export class Hosts implements Several {
  /** Null: nothing is watched yet. */
  target: WatchTarget | null = null;
  /** By name, in the order of the command line. */
  readonly #told: Map<string, NamedHost>;
  /** By host: a function that ends the wait before the next attempt. */
  readonly #waits = new Map<string, () => void>();
  /** By question: the last reply of each host. */
  readonly #replies = new Map<string, Map<string, unknown>>();

  constructor(readonly clients: readonly HostClient[]) {
    this.#told = new Map(clients.map(({ name, address }) => [name, newHost(name, address)]));
  }

  /** @throws Refusal for a name of none: the request is about one daemon */
  client(name: string): Client {
    const host = this.clients.find((each) => each.name === name);
    if (host === undefined) throw new Refusal("LIVEOPS_NO_SUCH_HOST", `no host ${name}`);
    return host.client;
  }

  at(key: string): Client {
    return this.client(hostOfKey(key) ?? "");
  }

  told(): HostsReply & { hosts: Host[] } {
    return { fleet: null, hosts: [...this.#told.values()] };
  }

  live(): readonly HostClient[] {
    return this.clients.filter(({ name }) => this.#told.get(name)?.state === "up");
  }

  async follow(target: WatchTarget, left: AbortSignal): Promise<void> {
    this.target = target;
    await Promise.all(this.clients.map((host) => this.#watch(target, host, left)));
  }

  /** A host on another machine may ask for a password on the terminal. */
  reach(name: string, suspend: (meanwhile: () => Promise<void>) => void): void {
    const client = this.client(name);
    const remote = remoteOf(client.socket);
    const tryNow = () => this.#waits.get(name)?.();
    if (remote === null) {
      tryNow();
      return;
    }
    suspend(async () => {
      process.stdout.write(`Connecting to ${remote.text}\r\n`);
      try {
        await remote.asking(() => client.daemon());
        tryNow();
      } catch (error) {
        this.#notice(`${name}: ${(error as Error).message}`, "error");
      }
    });
  }

  /** A line of the host's stream. The counts are those of all hosts. */
  line(name: string, line: WatchLine): void {
    const isBegin = line.type === "snapshot" || line.type === "resumed";
    const counted = line.type === "snapshot" || line.type === "counts";
    const counts = counted ? { counts: line.counts, moreQueued: line.moreQueued ?? 0 } : {};
    const running = counted ? { running: line.counts.running } : {};
    if (isBegin) this.#answers(name, running, counts);
    else if (counted) this.#change(name, running, counts);
    const sums = counted ? this.#sums() : {};
    this.target?.dispatch({ type: "watched", line: { ...lineAt(line, name), ...sums, host: name } });
    // After the line: what a host that was away has in its snapshot is no news.
    if (isBegin || counted) this.#tell();
  }

  /** A line came on a silent stream. */
  heard(name: string): void {
    // Before its first snapshot, all of it would be news.
    if (this.#told.get(name)!.daemon.heardAt === null) return;
    const isFirst = this.live().length === 0;
    this.#answers(name);
    this.#tell();
    if (isFirst) this.target?.dispatch({ type: "heard" });
  }

  /** @param at when the host answered last, or when the attempt to reach it failed, in ms */
  lost(name: string, reason: string, at: number): void {
    const { state, since, daemon } = this.#told.get(name)!;
    if (daemon.reason === reason) return;
    const now = state === "up" ? new Date(at).toISOString() : since;
    this.#change(name, { state: "unreachable", since: now }, { reason });
    this.#tell();
    const isWaiting = [...this.#told.values()].some((each) => each.daemon.reason === null);
    if (!isWaiting) this.target?.dispatch({ type: "lost", reason, at });
  }

  /** What a daemon reports of itself and of its machine. */
  report(name: string, reply: DaemonReply, machine?: HostReply): void {
    const before = this.#told.get(name)!;
    const { state, since } = before;
    const twin = before.daemon.reply === null ? this.#twinOf(name, reply) : null;
    this.#change(name, { ...machine, name, state, since }, { reply, heardAt: this.target?.now() ?? null });
    this.#tell();
    if (twin !== null) this.#notice(twin, "warning");
  }

  /**
   * The replies by host, in the order of the hosts. They do not wait for a slow host: its last reply stands in for it.
   *
   * @throws the error of the first host, where none ever answered
   */
  async ask<T>(
    question: string,
    ask: (host: HostClient) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, T>> {
    const replies = (this.#replies.get(question) ?? new Map()) as Map<string, T>;
    this.#replies.set(question, replies);
    const asked = this.live().map(async (host) => {
      replies.set(host.name, await ask(host));
    });
    const all = Promise.allSettled(asked);
    const over = new AbortController();
    const oneAnswered = Promise.any(asked).then(
      () => pause(PATIENCE, over.signal),
      () => all,
    );
    await Promise.race([all, oneAnswered]);
    over.abort();
    signal?.throwIfAborted();
    // All have settled where none has replied.
    if (replies.size === 0) await Promise.all(asked);
    const names = this.clients.map(({ name }) => name).filter((name) => replies.has(name));
    return new Map(names.map((name) => [name, replies.get(name)!]));
  }

  #watch(target: WatchTarget, { name, client }: HostClient, left: AbortSignal): Promise<void> {
    const stream = {
      onLine: (line: WatchLine) => this.line(name, line),
      onQuiet() {},
      onSilent: () => this.lost(name, SILENT, target.now() - SILENT_MS),
      onHeard: () => this.heard(name),
      onLost: (error: unknown) => {
        // The message has the next commands, and lines of the program that connects.
        const isUnreachable = error instanceof UnreachableError;
        const reason = isUnreachable ? error.message.replaceAll("\n", "; ") : reasonOf(error);
        this.lost(name, reason, target.now());
      },
      wait: (milliseconds: number) => this.#wait(name, milliseconds, left),
    };
    return keepOpen(client, stream, left);
  }

  /** Waits before the next attempt to reach the host, or until somebody asks for it. */
  async #wait(name: string, milliseconds: number, left: AbortSignal): Promise<void> {
    const over = new AbortController();
    this.#waits.set(name, () => over.abort());
    await pause(milliseconds, AbortSignal.any([over.signal, left]));
    this.#waits.delete(name);
  }

  #answers(name: string, change: Partial<Host> = {}, counts: Partial<HostDaemon> = {}): void {
    const heardAt = this.target?.now() ?? null;
    this.#change(name, { ...change, state: "up", since: null }, { ...counts, reason: null, heardAt });
  }

  #change(name: string, change: Partial<Host>, ofDaemon: Partial<HostDaemon>): void {
    const before = this.#told.get(name)!;
    this.#told.set(name, { ...before, ...change, daemon: { ...before.daemon, ...ofDaemon } });
  }

  #tell(): void {
    this.target?.dispatch({ type: "told", name: "hosts", want: {}, answer: this.told() });
  }

  #sums(): { counts: Counts; moreQueued: number } {
    const sums = { counts: { ...NO_COUNTS }, moreQueued: 0 };
    for (const { daemon } of this.#told.values()) {
      for (const name of Object.keys(sums.counts) as (keyof Counts)[])
        sums.counts[name] += daemon.counts[name];
      sums.moreQueued += daemon.moreQueued;
    }
    return sums;
  }

  #notice(text: string, level: "warning" | "error"): void {
    this.target?.dispatch({ type: "noticed", text, level });
  }

  /** Two addresses of one store, whose operations are listed twice; null: there is no second one. */
  #twinOf(name: string, { pid, startedAt, fleet }: DaemonReply): string | null {
    for (const { name: other, daemon } of this.#told.values()) {
      const { reply } = daemon;
      if (other === name || reply === null) continue;
      if (reply.pid === pid && reply.startedAt === startedAt)
        return `${other} and ${name} are the same daemon: give one of them`;
      if (fleet !== null && reply.fleet?.engine === fleet.engine)
        return `${other} and ${name} are in one fleet, which each of them shows: give one of them`;
    }
    return null;
  }
}

/** A host that has told nothing yet. */
function newHost(name: string, address: string): NamedHost {
  const never = new Date(0).toISOString();
  return {
    name,
    state: "unreachable",
    since: null,
    session: 0,
    tags: [],
    slots: 0,
    running: 0,
    draining: false,
    load: null,
    memory: null,
    version: "",
    joinedAt: never,
    renewedAt: never,
    skewMs: null,
    types: 0,
    daemon: { address, reason: null, counts: NO_COUNTS, moreQueued: 0, reply: null, heardAt: null },
  };
}
