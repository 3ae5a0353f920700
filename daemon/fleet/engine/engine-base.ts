/** What all calls of the engine share: the address, the connections, hints, and the last decision that was seen. */
import { Address, type AddressOptions } from "./address.js";
import { Connection, type ConnectionOptions } from "./connection.js";
import { type Hint, parseHint } from "./hints.js";

export interface EngineOptions extends AddressOptions {
  /** Shown in `pg_stat_activity`, after `liveops`. */
  name?: string;
  /** Milliseconds after which a call throws EngineAwayError. Default: 3000 */
  giveUpMs?: number;
}

/** Milliseconds for which a process that died within a call of this kind can hold up the others. */
export const SHORT_MS = 5000;

/** Calls that may take long for their size have this many times as long. */
export const LONG = 10;

/**
 * All methods throw EngineAwayError where the engine does not answer within `giveUpMs`, EngineRefusedError where it
 * refuses the connection, NewerFormatError where a newer liveops made the schema, and RoleError.
 */
export class EngineBase {
  protected readonly giveUpMs: number;
  protected readonly address: Address;
  protected readonly reads: Connection;
  readonly #name: string;
  /** The last decision that this process saw. An engine that does not have it lost writes. */
  #known: { n: number; mark: number | null } = { n: 0, mark: null };
  /** Number of the last decision that was read in order. */
  protected applied = 0;
  #hearers = new Set<(hint: Hint) => void>();

  /** Connects at the first call. @throws UsageError for an address that is not valid or not safe */
  constructor(options: EngineOptions) {
    this.giveUpMs = options.giveUpMs ?? 3000;
    this.address = new Address(options);
    this.#name = `liveops ${options.name ?? ""}`.trim();
    this.reads = this.connection("reads", {
      onNotification: (payload) => {
        for (const hear of this.#hearers) hear(parseHint(payload));
      },
    });
  }

  protected connection(use: string, options: Omit<ConnectionOptions, "name"> = {}): Connection {
    return new Connection(this.address, { name: `${this.#name} ${use}`, ...options });
  }

  /** The address without the password. */
  describe(): string {
    return this.address.describe();
  }

  /** Number of the last decision that this process saw. */
  get known(): number {
    return this.#known.n;
  }

  protected get knownMark(): number | null {
    return this.#known.mark;
  }

  protected know(n: number, mark: number | null): void {
    if (n > this.#known.n || (n === this.#known.n && mark !== null)) this.#known = { n, mark };
  }

  /**
   * Forgets what this process saw of an engine that lost writes: its numbers may have been given again. `offer` and
   * `settleOffers` do so for a host; who is no host calls this after LostWritesError, and loads a new snapshot.
   */
  forget(): void {
    this.#known = { n: 0, mark: null };
    this.applied = 0;
  }

  /** Calls `hear` on each hint. A hint may be lost: poll as well. Returns what ends it. */
  onHint(hear: (hint: Hint) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  async end(): Promise<void> {
    await this.reads.end();
  }

  protected rows<Row>(sql: string, values: unknown[], times = 1): Promise<Row[]> {
    return this.reads.query<Row>(sql, values, this.giveUpMs * times);
  }

  /** Calls a function of the schema that returns one value. */
  protected async call<T>(name: string, values: unknown[], connection: Connection, times = 1): Promise<T> {
    const places = values.map((_, index) => `$${index + 1}`).join(", ");
    const sql = `select liveops.${name}(${places}) as answer`;
    const [row] = await connection.query<{ answer: T }>(sql, values, this.giveUpMs * times, name);
    return row!.answer;
  }
}
