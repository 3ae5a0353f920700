/** A private PostgreSQL whose commits wait for the disk: `fsync` and `synchronous_commit` are on. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Postgres } from "../../test/harness/postgres.js";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { atExit } from "./at-exit.js";

/** Why a measure that needs a server has no figures. */
export const NO_POSTGRES = "PostgreSQL is not there; install it with bench/peers/install.sh";

/** Version; null where PostgreSQL is not installed. */
export function postgresVersion(): string | null {
  if (isMissing("postgresql")) return null;
  const program = join(dirname(pathOf("postgresql")), "postgres");
  const said = execFileSync(program, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)*/.exec(said)?.[0] ?? said.trim();
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
