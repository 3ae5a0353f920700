/**
 * One connection to the engine. It connects at the first call, and again after a break.
 *
 * A call that broke is made again until `giveUpMs`: each call of the fleet is idempotent. Calls run
 * one after the other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, QueryConfig } from "pg";
import type { Address } from "./address.js";
import { breaks, CONNECT_MS, check, connect, destroy, meaning } from "./connect.js";
import { EngineAwayError } from "./errors.js";

/** Milliseconds before the second try, and at most between two. */
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 500;

/** Milliseconds for which a process that died within a call of this kind can hold up the others. */
export const SHORT_MS = 5000;

/** Calls that may take long for their size have this many times as long. */
export const LONG = 10;

export interface ConnectionOptions {
  /** Shown in `pg_stat_activity`. */
  name: string;
  /** The connection listens for notifications and passes their payloads on. */
  onNotification?: (payload: string) => void;
  /**
   * Milliseconds after which the server ends a statement. A client that died within a request holds
   * its locks so long. Default: 60,000
   */
  statementMs?: number;
  /** The calls record nothing. */
  isReading?: boolean;
}

export class Connection {
  #client: Client | null = null;
  #opening: Promise<Client> | null = null;
  #isEnded = false;
  /** Resolves when the last call so far is over: `pg` takes one query at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly address: Address,
    private readonly options: ConnectionOptions,
  ) {}

  /**
   * @param giveUpMs bounds the call with all its tries
   * @param name the statement is prepared under this name; null: it is not. Worth it for calls
   *   that are made often
   * @throws EngineAwayError, EngineRefusedError; the error of an exception that our functions
   *   raise; the database's own error for a bug
   */
  async query<Row>(
    text: string,
    values: unknown[],
    giveUpMs: number,
    name: string | null = null,
  ): Promise<Row[]> {
    const deadline = performance.now() + giveUpMs;
    const done = await this.#takeTurn(giveUpMs).catch((error: Error) => {
      throw new EngineAwayError(this.address.describe(), error);
    });
    try {
      return await this.#query<Row>({ text, values, name: name ?? undefined }, deadline);
    } finally {
      done();
    }
  }

  async #query<Row>(query: QueryConfig, deadline: number): Promise<Row[]> {
    let last: unknown;
    let wasSent = false;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      if (deadline <= performance.now() || this.#isEnded)
        throw new EngineAwayError(
          this.address.describe(),
          last,
          wasSent && !this.options.isReading,
        );
      try {
        const client = this.#client ?? (await within(deadline - performance.now(), this.#open()));
        wasSent = true;
        return await this.#run<Row>(client, query, deadline);
      } catch (error) {
        last = error;
        const meant = meaning(error, this.address);
        if (meant !== null) throw meant;
      }
      await sleep(Math.max(0, Math.min(wait, deadline - performance.now())));
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    const client = this.#client ?? (await this.#opening?.catch(() => null));
    this.#client = null;
    if (client) await within(CONNECT_MS, client.end()).catch(() => destroy(client));
  }

  async #run<Row>(client: Client, query: QueryConfig, deadline: number): Promise<Row[]> {
    try {
      return (await within(deadline - performance.now(), client.query(query))).rows as Row[];
    } catch (error) {
      if (breaks(error)) this.#drop(client);
      throw error;
    }
  }

  /** Waits for the calls before this one; the caller calls what it returns when it is done. */
  async #takeTurn(ms: number): Promise<() => void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await within(ms, before);
    } catch (error) {
      void before.then(resolve);
      throw error;
    }
    return resolve;
  }

  #drop(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    destroy(client);
  }

  #open(): Promise<Client> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    const client = await connect(this.address, this.options.name, this.options.statementMs);
    // Without a listener, a break between two calls would end the process.
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    try {
      await check(client);
      const { onNotification } = this.options;
      if (onNotification) {
        client.on("notification", ({ payload }) => onNotification(payload ?? ""));
        await client.query("listen liveops");
      }
    } catch (error) {
      destroy(client);
      throw error;
    }
    if (this.#isEnded) destroy(client);
    else this.#client = client;
    return client;
  }
}

/** @throws Error when the time is up; the promise goes on, and its later error is dropped */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${Math.round(ms)} ms`)), ms);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
