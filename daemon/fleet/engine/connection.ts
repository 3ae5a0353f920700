/**
 * One connection to the engine. It connects at the first call, and again after a break.
 *
 * A call that broke is made again until `giveUpMs`: each call of the fleet is idempotent. Calls run one after the other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, QueryConfig } from "pg";
import { UsageError } from "../../../protocol/command/failures.js";
import type { Address } from "./address.js";
import { EngineAwayError, EngineRefusedError, errorOfCode, NewerFormatError } from "./errors.js";
import { FORMAT, REVISION } from "./schema/schema.js";

/** Milliseconds before the second try, and at most between two. */
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 500;

/** Milliseconds that one connection attempt may take. */
const CONNECT_MS = 2000;

/** Bounds what a call that nobody waits for any more holds. */
const SESSION = `
  set statement_timeout = '60s'; set default_transaction_isolation = 'read committed';
  set default_transaction_read_only = off; set standard_conforming_strings = on;`;

interface ConnectionOptions {
  /** Shown in `pg_stat_activity`. */
  name: string;
  /** The connection listens for notifications and passes their payloads on. */
  onNotification?: (payload: string) => void;
  /** Called after each break. */
  onBreak?: () => void;
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
   * @param name the statement is prepared under this name; null: it is not. Worth it for calls that are made often
   * @throws EngineAwayError, EngineRefusedError, NewerFormatError; the error of an exception that our functions raise; the
   * database's own error for a bug
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
      return await this.#query<Row>({ text, values, ...(name && { name }) }, deadline);
    } finally {
      done();
    }
  }

  async #query<Row>(query: QueryConfig, deadline: number): Promise<Row[]> {
    let last: unknown;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      if (deadline <= performance.now() || this.#isEnded)
        throw new EngineAwayError(this.address.describe(), last);
      try {
        return await this.#run<Row>(query, deadline);
      } catch (error) {
        last = error;
        const meant = meaning(error, this.address);
        if (meant !== null) throw meant;
      }
      await sleep(Math.max(0, Math.min(wait, deadline - performance.now())));
    }
  }

  /** Whether the last call got through. */
  get isOpen(): boolean {
    return this.#client !== null;
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    const client = this.#client ?? (await this.#opening?.catch(() => null));
    this.#client = null;
    if (client) await within(CONNECT_MS, client.end()).catch(() => destroy(client));
  }

  async #run<Row>(query: QueryConfig, deadline: number): Promise<Row[]> {
    const left = () => deadline - performance.now();
    const client = this.#client ?? (await within(left(), this.#open()));
    try {
      return (await within(left(), client.query(query))).rows as Row[];
    } catch (error) {
      // A failed statement leaves the connection as it was.
      if (!isFromServer(error) || BROKEN.test(error.code)) this.#drop(client);
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
    this.options.onBreak?.();
  }

  #open(): Promise<Client> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    const client = await connect(this.address, this.options.name);
    // Without a listener, a break between two calls would end the process.
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    try {
      await checkFormat(client);
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

async function connect(address: Address, name: string): Promise<Client> {
  const { Client, types } = await loadDriver();
  const client = new Client({
    ...address.config(),
    connectionTimeoutMillis: CONNECT_MS,
    application_name: name,
    // All our numbers are below 2^53.
    types: {
      getTypeParser: (oid, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)),
    },
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(SESSION);
  } catch (error) {
    destroy(client);
    throw error;
  }
  return client;
}

/** A connection that is not taken up again. @throws EngineAwayError, EngineRefusedError, UsageError */
export async function connectOnce(address: Address, name: string): Promise<Client> {
  try {
    return await connect(address, name);
  } catch (error) {
    throw meaning(error, address) ?? new EngineAwayError(address.describe(), error);
  }
}

/** The type `bigint` of PostgreSQL. */
const INT8 = 20;

async function loadDriver(): Promise<Pick<typeof import("pg"), "Client" | "types">> {
  try {
    const driver = await import("pg");
    // As an ES module, the package exports its CommonJS object.
    return driver.default ?? driver;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("the fleet needs the package pg, which is not installed", "run: npm install pg");
  }
}

async function checkFormat(client: Client): Promise<void> {
  const { rows } = await client.query("select format, revision from liveops.head");
  const { format, revision } = rows[0] as { format: number; revision: number };
  if (format > FORMAT) throw new NewerFormatError(format, FORMAT);
  if (format < FORMAT || revision < REVISION)
    throw new EngineRefusedError(
      `the fleet's database has format ${format}.${revision}, and this liveops needs ${FORMAT}.${REVISION}; run: liveopsd fleet migrate`,
    );
}

function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
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

function isFromServer(error: unknown): error is Error & { code: string; severity: string } {
  return error instanceof Error && "severity" in error && "code" in error;
}

/** Codes of the server after which the connection is of no use; 0A000: a migration changed a prepared statement. */
const BROKEN = /^(57P|08|0A000)/;

/** Codes of the server after which a later try may succeed: it stops, starts, is a standby, or two calls met. */
const PASSING = /^(57P|57014|08|0A000|53|40001|40P01|25006|55000)/;

/** Codes by which the server refuses the connection: password, role, database, our schema. */
const REFUSING: Record<string, string> = {
  "28P01": "check the password",
  "28000": "check the user, and pg_hba.conf of the server",
  "3D000": "create the database, then run: liveopsd fleet migrate",
  "3F000": "run: liveopsd fleet migrate",
  "42P01": "run: liveopsd fleet migrate",
  "42883": "run: liveopsd fleet migrate",
};

/** What an error means for the caller; null: try again. */
function meaning(error: unknown, address: Address): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "" } = error as NodeJS.ErrnoException;
  if (isFromServer(error)) {
    if (PASSING.test(code)) return null;
    const next = REFUSING[code];
    if (next !== undefined)
      return new EngineRefusedError(
        `the fleet's engine ${address.describe()} refuses: ${error.message}; ${next}`,
        { cause: error },
      );
    return errorOfCode(code, error.message) ?? error;
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code) || /SSL|certificate|SASL|password/i.test(error.message))
    return new EngineRefusedError(
      `the fleet's engine ${address.describe()} cannot be trusted: ${error.message}`,
      { cause: error },
    );
  const isOurs =
    error instanceof UsageError || error instanceof EngineRefusedError || error instanceof NewerFormatError;
  return isOurs || error instanceof TypeError ? error : null;
}
