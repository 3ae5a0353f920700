/** The watch streams of several daemons, at the same time. What each daemon reports of itself comes beside its lines. */
import { remoteOf } from "../../../../protocol/client/address.js";
import type { Client } from "../../../../protocol/client/client.js";
import { UnreachableError } from "../../../../protocol/client/errors.js";
import type { DaemonReply, HostReply } from "../../../../protocol/replies.js";
import type { Several, WatchTarget } from "../../../dashboard/core/client.js";
import { hostOfKey } from "../../../dashboard/core/key.js";
import { patched, type State } from "../../../dashboard/core/model.js";
import { keepOpen, reasonOf, SILENT, SILENT_MS, type Stream } from "../../../dashboard/watch.js";
import { answers, hostLost, hostTold } from "../hosts.js";
import type { AllHosts, HostClient } from "./all-hosts.js";
import { watchLineAt } from "./keyed-records.js";

export class HostStreams implements Several {
  /** Null: nothing is watched yet. */
  #target: WatchTarget | null = null;

  constructor(private readonly all: AllHosts) {}

  at(key: string): Client {
    return this.all.client(hostOfKey(key) ?? "");
  }

  async follow(target: WatchTarget, left: AbortSignal): Promise<void> {
    this.#target = target;
    this.all.onLate = () => this.#tell((state) => patched(state, "queues", { run: state.queues.run + 1 }));
    await Promise.all(this.all.hosts.map((host) => this.#watch(target, host, left)));
  }

  /** A host on another machine may ask for a password on the terminal. */
  reach(name: string, suspend: (meanwhile: () => Promise<void>) => void): void {
    const client = this.all.client(name);
    const remote = remoteOf(client.socket);
    if (remote === null) {
      this.all.tryNow(name);
      return;
    }
    suspend(async () => {
      process.stdout.write(`Connecting to ${remote.text}\r\n`);
      try {
        await remote.asking(() => client.daemon());
        this.all.tryNow(name);
      } catch (error) {
        const text = `${name}: ${(error as Error).message}`;
        this.#target?.dispatch({ type: "noticed", text, level: "error" });
      }
    });
  }

  /** Asks every host that answers about itself, each for itself, so that none waits for another. */
  async askAll(left?: AbortSignal): Promise<void> {
    await Promise.all(this.all.live().map((host) => this.#askOf(host, left)));
  }

  #tell(change: (state: State) => State): void {
    this.#target?.dispatch({ type: "apply", change });
  }

  #watch(target: WatchTarget, host: HostClient, left: AbortSignal): Promise<void> {
    const { name, client } = host;
    const { answering } = this.all;
    const lost = (reason: string, at: number) => {
      answering.delete(name);
      this.#tell((state) => hostLost(state, name, reason, at));
    };
    const stream: Stream = {
      onLine: (line) => {
        const isBegin = line.type === "snapshot" || line.type === "resumed";
        if (isBegin) answering.add(name);
        target.dispatch({ type: "watched", line: { ...watchLineAt(line, name), host: name } });
        if (isBegin) void this.#askOf(host, left);
      },
      onSilent: () => lost(SILENT, target.now() - SILENT_MS),
      onHeard: () => {
        answering.add(name);
        this.#tell((state) => answers(state, name));
      },
      onLost(error) {
        // The message has the next commands, and lines of the program that connects.
        const isUnreachable = error instanceof UnreachableError;
        lost(isUnreachable ? error.message.replaceAll("\n", "; ") : reasonOf(error), target.now());
      },
      wait: (milliseconds) => this.all.wait(name, milliseconds, left),
    };
    return keepOpen(client, stream, left);
  }

  /** The stream reports a lost host. */
  async #askOf({ name, client }: HostClient, left?: AbortSignal): Promise<void> {
    const [daemon, hosts] = await Promise.allSettled([client.daemon(left), client.hosts(left)]);
    const target = this.#target;
    if (target === null || left?.aborted) return;
    const facts: { daemon?: DaemonReply; machine?: HostReply } = {};
    if (daemon.status === "fulfilled") facts.daemon = daemon.value;
    const own = hosts.status === "fulfilled" ? hosts.value.hosts : [];
    const machine = own.find((each) => each.name === facts.daemon?.host) ?? own[0];
    if (machine !== undefined) facts.machine = machine;
    const at = target.now();
    if (Object.keys(facts).length > 0) this.#tell((state) => hostTold(state, name, facts, at));
  }
}
