/** Connects to the engine with the driver `pg`, and translates its errors. */
import type { Client } from "pg";
import { UsageError } from "../../../../protocol/failures.js";
import type { Address } from "./address.js";
import { EngineAwayError, EngineRefusedError, errorOfCode, NewerFormatError } from "./errors.js";
import { FORMAT, REVISION } from "./schema/schema.js";

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
export async function connect(address: Address, name: string, statementMs = STATEMENT_MS): Promise<Client> {
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

/** Refuses a schema that this liveops cannot work with, and a pooler that shares sessions. */
export async function check(client: Client, address: Address): Promise<void> {
  const { rows } = await client.query("select format, revision, pg_backend_pid() as pid from liveops.head");
  const { format, revision, pid } = rows[0] as { format: number; revision: number; pid: number };
  if (format > FORMAT) throw new NewerFormatError(format, FORMAT);
  if (format < FORMAT || revision < REVISION)
    throw new EngineRefusedError(
      `the fleet's database has format ${format}.${revision}, and this liveops needs ${FORMAT}.${REVISION}; run: liveops fleet migrate`,
    );
  // A pooler gives its clients numbers of its own.
  if (pid === (client as unknown as { processID: number }).processID || !(await isShared(client, address)))
    return;
  throw new EngineRefusedError(
    `the fleet's engine ${address.describe()} cannot be used: a pooler gives each transaction another session; set pool_mode=session in PgBouncer, or connect to the server itself`,
  );
}

/** Rounds of questions: a pooler may give a connection the same session again by chance. */
const ROUNDS = 3;

/**
 * Whether two connections get the same session of the server, or one gets several: then notifications, settings of a
 * session and prepared statements are lost.
 */
async function isShared(client: Client, address: Address): Promise<boolean> {
  const other = await connect(address, "liveops pooler");
  const sessionOf = async (each: Client) =>
    (await each.query("select pg_backend_pid() as pid")).rows[0].pid as number;
  try {
    const first = await sessionOf(client);
    for (let round = 0; round < ROUNDS; round++) {
      await other.query("begin");
      if ((await sessionOf(other)) === first || (await sessionOf(client)) !== first) return true;
      await other.query("commit");
      if ((await sessionOf(client)) !== first) return true;
    }
    return false;
  } catch (error) {
    // In the mode `statement`, no transaction has several statements.
    if (isFromServer(error) && error.code === "08P01") return true;
    throw error;
  } finally {
    destroy(other);
  }
}

/** Ends a connection that may not answer any more. */
export function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
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

function isFromServer(error: unknown): error is Error & { code: string; severity: string } {
  return error instanceof Error && "severity" in error && "code" in error;
}

/**
 * Codes of the server after which the connection is of no use: the server stops, or is a standby now, where the address
 * may lead elsewhere. 0A000: a migration changed a prepared statement.
 */
const BROKEN = /^(57P|08|0A000|25006|55000)/;

/** Codes of the server after which a later try may succeed: the above, too many connections, or two calls met. */
const PASSING = /^(57P|57014|08|0A000|53|40001|40P01|25006|55000)/;

/** Whether the connection cannot be used after the error. A statement that failed leaves it as it was. */
export function breaks(error: unknown): boolean {
  return !isFromServer(error) || BROKEN.test(error.code);
}

/** Codes by which the server refuses the connection: password, role, database, our schema. */
const REFUSING: Record<string, string> = {
  "28P01": "check the password",
  "28000": "check the user, and pg_hba.conf of the server",
  "3D000": "create the database, then run: liveops fleet migrate",
  "3F000": "run: liveops fleet migrate",
  "42P01": "run: liveops fleet migrate",
  "42883": "run: liveops fleet migrate",
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
    return refused("asks for a password; set passwordFile, or add a line to ~/.pgpass");
  if (UNTRUSTED.test(code) || /SSL|certificate|SASL/.test(error.message))
    return refused(`cannot be trusted: ${error.message}`);
  const isOurs = [UsageError, EngineRefusedError, NewerFormatError, TypeError].some(
    (kind) => error instanceof kind,
  );
  return isOurs ? error : null;
}

/** The error for a caller that does not try again. */
export function explain(error: unknown, address: Address): unknown {
  return meaning(error, address) ?? new EngineAwayError(address.describe(), error);
}
