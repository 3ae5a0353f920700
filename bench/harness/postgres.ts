/** A private PostgreSQL whose commits wait for the disk: `fsync` and `synchronous_commit` are on. */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Postgres } from "../../test/harness/postgres.js";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { atExit } from "./at-exit.js";
import { programVersion } from "./peer.js";

/** Null where PostgreSQL is not installed. */
export function postgresVersion(): string | null {
  if (isMissing("postgresql")) return null;
  return programVersion(join(dirname(pathOf("postgresql")), "postgres"));
}

/** Ends with the measure, also after a failure. */
export async function startPostgres(): Promise<Postgres> {
  const server = await new Postgres({ settings: ["fsync=on"] }).start();
  const pidFile = readFileSync(join(server.dir, "data/postmaster.pid"), "utf8");
  atExit(() => {
    try {
      process.kill(Number.parseInt(pidFile, 10), "SIGQUIT");
    } catch {
      // The measure has stopped the server.
    }
    rmSync(server.dir, { recursive: true, force: true, maxRetries: 5 });
  });
  return server;
}
