/** Asks all hosts at once. The reply does not wait for a slow host, and uses the last reply of that host. */
import type { Client } from "../../../../protocol/client/client.js";
import { pause } from "../../../dashboard/core/client.js";

/** Milliseconds that a slow host is waited for, once another one has answered. */
const PATIENCE = 700;

export interface HostClient {
  readonly name: string;
  readonly client: Client;
}

export class AllHosts {
  /** By host: a function that ends the wait before the next attempt. */
  readonly #waits = new Map<string, () => void>();
  /** By question: the last reply of each host. */
  readonly #told = new Map<string, Map<string, unknown>>();

  /** The names of the hosts that answer. */
  readonly answering = new Set<string>();

  /** A host answered for the first time, too late. */
  onLate = (): void => {};

  constructor(readonly hosts: readonly HostClient[]) {}

  client(name: string): Client {
    const host = this.hosts.find((each) => each.name === name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host.client;
  }

  /** Waits before the next attempt to reach the host, or until somebody asks for it. */
  async wait(name: string, milliseconds: number, left: AbortSignal): Promise<void> {
    const over = new AbortController();
    this.#waits.set(name, () => over.abort());
    await pause(milliseconds, AbortSignal.any([over.signal, left]));
    this.#waits.delete(name);
  }

  /** The next attempt is now. */
  tryNow(name: string): void {
    this.#waits.get(name)?.();
  }

  live(): readonly HostClient[] {
    return this.hosts.filter(({ name }) => this.answering.has(name));
  }

  /**
   * The answers by host, in the order of the hosts.
   *
   * @throws the error of the first host, where none ever answered
   */
  async ask<T>(
    question: string,
    ask: (client: Client, name: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, T>> {
    const replies = (this.#told.get(question) ?? new Map()) as Map<string, T>;
    this.#told.set(question, replies);
    const errors: unknown[] = [];
    let isOver = false;
    const answers = this.live().map(async ({ name, client }) => {
      const isNew = !replies.has(name);
      try {
        replies.set(name, await ask(client, name));
        if (isOver && isNew && !signal?.aborted) this.onLate();
        return true;
      } catch (error) {
        errors.push(error);
        return false;
      }
    });
    const all = Promise.all(answers);
    const over = new AbortController();
    const oneAnswered = Promise.any(
      answers.map(async (answer) => {
        if (!(await answer)) throw new Error("no answer");
      }),
    );
    await Promise.race([
      all,
      oneAnswered.then(
        () => pause(PATIENCE, over.signal),
        () => all,
      ),
    ]);
    isOver = true;
    over.abort();
    signal?.throwIfAborted();
    if (replies.size === 0 && errors.length > 0) throw errors[0];
    return new Map(
      this.hosts.flatMap(({ name }) => (replies.has(name) ? [[name, replies.get(name)!] as const] : [])),
    );
  }
}
