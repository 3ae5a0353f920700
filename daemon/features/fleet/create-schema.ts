/**
 * Creates the schema of a fleet in a database that has none. The first host does, as the owner of
 * the database.
 */
import type { Client } from "pg";
import { Address } from "./engine/address.js";
import { connect, explain } from "./engine/connect.js";
import { RoleError } from "./engine/errors.js";
import { CREATE, CREATE_ROLES, ROLES } from "./engine/schema/schema.js";

/** One number for all liveops: the second of two hosts waits, and finds the schema. */
const LOCK = "select pg_advisory_xact_lock(hashtext('liveops create schema'))";

/** @throws EngineAwayError, EngineRefusedError; RoleError; UsageError for the address */
export async function createSchema(url: string): Promise<void> {
  const address = new Address(url);
  const client = await connect(address, "liveops schema").catch((error: unknown) => {
    throw explain(error, address);
  });
  try {
    if (await hasSchema(client)) return;
    await client.query("begin");
    await client.query(LOCK);
    if (await hasSchema(client)) return;
    await createRoles(client);
    await client.query(CREATE);
    await client.query("commit");
  } catch (error) {
    if (error instanceof RoleError) throw error;
    if ((error as { code?: string }).code !== "42501") throw explain(error, address);
    throw new RoleError(
      `the schema liveops is missing in ${address.describe()}, and this user may not create it: ${(error as Error).message}; start the first host as the owner of the database`,
    );
  } finally {
    await client.end();
  }
}

async function hasSchema(client: Client): Promise<boolean> {
  const { rows } = await client.query("select from pg_namespace where nspname = 'liveops'");
  return rows.length > 0;
}

/** The roles belong to the server: another fleet of it may have created them. */
async function createRoles(client: Client): Promise<void> {
  const { rows } = await client.query("select rolname from pg_roles where rolname = any ($1)", [
    ROLES,
  ]);
  if (rows.length === ROLES.length) return;
  const missing = CREATE_ROLES.filter(
    (each) => !rows.some(({ rolname }) => each === `create role ${rolname} nologin`),
  );
  try {
    for (const statement of missing) await client.query(statement);
  } catch (error) {
    if ((error as { code?: string }).code !== "42501") throw error;
    throw new RoleError(
      `this user may not create the roles of the fleet; an administrator runs: ${missing.join("; ")}; then start again`,
    );
  }
}
