/** A connection pooler between a host and its engine. */
// @module-tag postgresql
// @module-tag pgbouncer
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { EngineRefusedError } from "../../../../daemon/features/fleet/engine/errors.js";
import { until } from "../../../end-to-end/until.js";
import { pathOf } from "../../../harness/programs.js";
import { add, useFleet } from "./fleet.js";

const PORT = 6432;
const fleet = useFleet();
let pooler: ChildProcess | null = null;

/** Starts PgBouncer on a socket beside that of the server. Returns the address of the fleet through it. */
async function startPooler(settings: string): Promise<string> {
  const { dir, password } = fleet.server;
  writeFileSync(join(dir, "users"), `"postgres" "${password}"\n`);
  writeFileSync(
    join(dir, "pooler.ini"),
    `[databases]\n* = host=${dir} port=5432\n[pgbouncer]\nunix_socket_dir = ${dir}\nlisten_port = ${PORT}\n` +
      `auth_type = trust\nauth_file = ${fleet.server.own("users")}\n${settings}\n`,
  );
  const config = fleet.server.own("pooler.ini");
  const user = process.getuid?.() === 0 ? ["-u", "postgres"] : [];
  const child = spawn(pathOf("pgbouncer"), ["-q", ...user, config], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  pooler = child;
  await until("the pooler listens", () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    return existsSync(join(dir, `.s.PGSQL.${PORT}`));
  });
  return `${fleet.url}&port=${PORT}`;
}

afterEach(async () => {
  await fleet.end();
  if (pooler?.exitCode === null) {
    const ended = once(pooler, "exit");
    pooler.kill("SIGQUIT");
    await ended;
  }
  pooler = null;
});

const JOIN = { name: "a", owner: "a", tags: [], slots: 1, version: "1", lostAfter: 300 };

test.each([
  "pool_mode = transaction",
  "pool_mode = statement",
  "pool_mode = transaction\ndefault_pool_size = 1",
  "pool_mode = transaction\nserver_round_robin = 1",
])("PgBouncer with %j is refused, with what to do", async (settings) => {
  await fleet.create();
  const engine = fleet.engine({ url: await startPooler(settings) });
  const joined = engine.join(JOIN);
  await expect(joined).rejects.toThrow(EngineRefusedError);
  await expect(joined).rejects.toThrow(
    "a pooler gives each transaction another session; set pool_mode=session",
  );
});

test("PgBouncer with pool_mode = session works, and hints come through", async () => {
  await fleet.create();
  const a = fleet.engine({ url: await startPooler("pool_mode = session") });
  await a.join(JOIN);
  const hints: unknown[] = [];
  await a.hosts();
  a.onHint((hint) => hints.push(hint));
  await add(await fleet.host("b"));
  await until("the hint arrives", () => hints.length > 0);
  expect((await a.decisionsAfter(0)).rows).toHaveLength(1);
});
