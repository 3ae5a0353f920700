/**
 * Creates the schema of a fleet in a database, or leads it to the revision of this liveops.
 *
 * All in one transaction, and again at any time. A newer format is left as it is; so is a newer revision, which this
 * liveops can work with.
 */
import type { Client } from "pg";
import { Address, type AddressOptions } from "./engine/address.js";
import { connect, explain } from "./engine/connect.js";
import { NewerFormatError, RoleError } from "./engine/errors.js";
import {
  CREATE,
  CREATE_ROLES,
  FORMAT,
  FUNCTIONS,
  GRANT,
  REVISION,
  REVOKE,
  ROLES,
} from "./engine/schema/schema.js";

export interface Migration {
  /** The database, without a password. */
  engine: string;
  done: "created" | "changed" | "unchanged";
  format: number;
  /** Before; null: there was no schema. */
  from: number | null;
  /** After. */
  revision: number;
  /** Statements for an administrator, where this user may not create roles; then migrate again. */
  todo: string[];
}

/** One number for all liveops: two migrations of a database wait for each other. */
const LOCK = "select pg_advisory_xact_lock(hashtext('liveops fleet migrate'))";

/**
 * @throws NewerFormatError; EngineAwayError, EngineRefusedError; UsageError for the address
 */
export async function migrate(options: AddressOptions): Promise<Migration> {
  const address = new Address(options);
  const client = await connect(address, "liveops migrate").catch((error: unknown) => {
    throw explain(error, address);
  });
  try {
    await client.query("begin");
    await client.query(LOCK);
    const from = await revisionOf(client);
    if (from === null) await create(client);
    else if (from < REVISION) await lift(client);
    const todo = await grant(client, from === null || from <= REVISION);
    await client.query("commit");
    const done = from === null ? "created" : from < REVISION ? "changed" : "unchanged";
    return {
      engine: address.describe(),
      done,
      format: FORMAT,
      from,
      revision: Math.max(from ?? 0, REVISION),
      todo,
    };
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw explain(error, address);
    throw new RoleError(
      `this user may not change the schema in ${address.describe()}: ${(error as Error).message}; run liveops fleet migrate as the owner of the database`,
    );
  } finally {
    await client.end();
  }
}

/** Null: there is no schema yet. */
async function revisionOf(client: Client): Promise<number | null> {
  const { rows: found } = await client.query("select to_regclass('liveops.head') as head");
  if (found[0].head === null) return null;
  const { rows } = await client.query("select format, revision from liveops.head");
  const { format, revision } = rows[0] as { format: number; revision: number };
  if (format > FORMAT) throw new NewerFormatError(format, FORMAT);
  return revision;
}

async function create(client: Client): Promise<void> {
  await client.query(CREATE);
  await client.query(FUNCTIONS);
  await client.query(
    `insert into liveops.head (format, revision, timeline, system)
      values ($1, $2, liveops.current_timeline(), liveops.current_system())`,
    [FORMAT, REVISION],
  );
}

/** Functions may have other columns now, which `create or replace` refuses. */
async function lift(client: Client): Promise<void> {
  const { rows } = await client.query(
    "select oid::regprocedure as name from pg_proc where pronamespace = 'liveops'::regnamespace",
  );
  for (const { name } of rows) await client.query(`drop function ${name} cascade`);
  await client.query(FUNCTIONS);
  await client.query("update liveops.head set revision = $1", [REVISION]);
}

/** Returns what an administrator has to do before this user can grant. */
async function grant(client: Client, isOurs: boolean): Promise<string[]> {
  const missing = await missingRoles(client);
  if (missing.length > 0) {
    await client.query("savepoint roles");
    try {
      for (const statement of CREATE_ROLES.filter((each) => !isDone(each, missing)))
        await client.query(statement);
      await client.query("release savepoint roles");
    } catch (error) {
      if ((error as { code?: string }).code !== "42501") throw error;
      await client.query("rollback to savepoint roles");
      if (isOurs) await client.query(REVOKE);
      return CREATE_ROLES.filter((each) => !isDone(each, missing));
    }
  }
  if (isOurs) await client.query(`${REVOKE} ${GRANT}`);
  return [];
}

async function missingRoles(client: Client): Promise<string[]> {
  const { rows } = await client.query("select rolname from pg_roles where rolname = any ($1)", [ROLES]);
  const there = rows.map(({ rolname }) => rolname as string);
  return ROLES.filter((role) => !there.includes(role));
}

function isDone(statement: string, missing: readonly string[]): boolean {
  const role = /^create role (\w+)/.exec(statement)?.[1];
  return role !== undefined && !missing.includes(role);
}
