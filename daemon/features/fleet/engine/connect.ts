/** Connects to the engine with the driver `pg`, and translates its errors. */
import type { Client } from "pg";
import { UsageError } from "../../../../protocol/failures.js";
import type { Address } from "./address.js";
import { EngineAwayError, EngineRefusedError, errorOfCode } from "./errors.js";
import { FORMAT } from "./schema/schema.js";

/** Milliseconds that an attempt to connect may take. */
export const CONNECT_MS = 2000;

/** Milliseconds after which the server ends a statement, by default. */
const STATEMENT_MS = 60_000;

/** Bounds what a call holds that nobody waits for any more. */
const SESSION = `
  set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3; set default_transaction_isolation = 'read committed';
  set default_transaction_read_only = off; set standard_conforming_strings = on;`;

/**
 * @param name shown in `pg_stat_activity`
 * @throws the driver's error: see `explain`
 */
export async function connect(
  address: Address,
  name: string,
  statementMs = STATEMENT_MS,
): Promise<Client> {
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
    await client.query(`set statement_timeout = ${statementMs}; ${SESSION}`);
  } catch (error) {
    destroy(client);
    throw error;
  }
  return client;
}

/** @throws EngineRefusedError for a schema of another version of liveops */
export async function check(client: Client): Promise<void> {
  const { rows } = await client.query("select format from liveops.head");
  const { format } = rows[0] as { format: number };
  if (format !== FORMAT)
    throw new EngineRefusedError(
      `the fleet's database has format ${format}, and this liveops works with format ${FORMAT}; install the liveops of the other hosts`,
    );
}

/** Ends a connection that may not answer any more. */
export function destroy(client: Client): void {
  (
    client as unknown as { connection: { stream: { destroy(): void } } }
  ).connection.stream.destroy();
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
    throw new UsageError(
      "the fleet needs the package pg, which is not installed",
      "run: npm install pg",
    );
  }
}

function isFromServer(error: unknown): error is Error & { code: string; severity: string } {
  return error instanceof Error && "severity" in error && "code" in error;
}

/**
 * Codes of the server after which the connection is of no use: the server stops, or is a standby
 * now, where the address may lead elsewhere.
 */
const BROKEN = /^(57P|08|25006|55000)/;

/**
 * Codes of the server after which a later try may succeed: the above, too many connections, or two
 * calls met.
 */
const PASSING = /^(57P|57014|08|53|40001|40P01|25006|55000)/;

/**
 * Whether the connection cannot be used after the error. A statement that failed leaves it as it
 * was.
 */
export function breaks(error: unknown): boolean {
  return !isFromServer(error) || BROKEN.test(error.code);
}

/** Codes by which the server refuses the connection: password, role, database, our schema. */
const REFUSING: Record<string, string> = {
  "28P01": "check the password",
  "28000": "check the user, and pg_hba.conf of the server",
  "3D000": "create the database",
  "42P01": "restore the schema liveops of the database from a backup",
  "42883": "restore the schema liveops of the database from a backup",
};

/** Codes and texts of errors of TLS, which `pg` passes on from Node. */
const UNTRUSTED = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/;

/** What an error of the driver means for a caller; null: a later try may succeed. */
export function meaning(error: unknown, address: Address): unknown {
  if (!(error instanceof Error)) return error;
  const engine = address.describe();
  const refused = (why: string) =>
    new EngineRefusedError(`the fleet's engine ${engine} ${why}`, { cause: error });
  const { code = "" } = error as NodeJS.ErrnoException;
  if (isFromServer(error)) {
    if (PASSING.test(code)) return null;
    const next = REFUSING[code];
    if (next !== undefined) return refused(`refuses: ${error.message}; ${next}`);
    return errorOfCode(code, error.message) ?? error;
  }
  if (/^SASL.*must be a( non-empty)? string/.test(error.message))
    return refused(
      "asks for a password; add a line to ~/.pgpass, or to the file that PGPASSFILE names",
    );
  if (UNTRUSTED.test(code) || /SSL|certificate|SASL/.test(error.message))
    return refused(`cannot be trusted: ${error.message}`);
  const isOurs = [UsageError, EngineRefusedError, TypeError].some((kind) => error instanceof kind);
  return isOurs ? error : null;
}

/** The error for a caller that does not try again. */
export function explain(error: unknown, address: Address): unknown {
  return meaning(error, address) ?? new EngineAwayError(address.describe(), error);
}
