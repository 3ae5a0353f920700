/**
 * A private PostgreSQL with default settings (fsync and synchronous_commit on), on a Unix socket in a temporary
 * directory that is removed at the end. PostgreSQL refuses to run as root, so root runs it as the user postgres.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit } from "./at-exit.js";
import { cleanEnv } from "./world.js";

const DEBIAN = "/usr/lib/postgresql";

/** Why a measure that needs a server has no figures. */
export const NO_POSTGRES = "PostgreSQL is not there; install it with bench/peers/install.sh";

export interface Postgres {
  /** Directory of the Unix socket. */
  dir: string;
  /** Process id of the server, whose children serve the connections. */
  pid: number;
  /** The rows that a statement gives in the database `postgres`, a line each. */
  sql(statement: string): string;
  stop(): Promise<void>;
}

/** Directory of the PostgreSQL programs; null where PostgreSQL is not installed. */
function programs(): string | null {
  if (!existsSync(DEBIAN)) return null;
  const newest = readdirSync(DEBIAN)
    .filter((version) => existsSync(join(DEBIAN, version, "bin", "postgres")))
    .sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(DEBIAN, newest, "bin");
}

/** Version; null where PostgreSQL is not installed. */
export function postgresVersion(): string | null {
  const bin = programs();
  if (bin === null) return null;
  const said = execFileSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)*/.exec(said)?.[0] ?? said.trim();
}

/** @param settings - more settings of the server, as `name=value` */
export async function startPostgres(settings: readonly string[] = []): Promise<Postgres> {
  const bin = programs();
  if (bin === null) throw new Error("PostgreSQL is not installed");
  const isRoot = process.getuid?.() === 0;
  const as = (...words: string[]) =>
    (isRoot ? ["runuser", "-u", "postgres", "--", ...words] : words) as [string, ...string[]];
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-postgres-"));
  if (isRoot) execFileSync("chown", ["postgres", dir]);
  else chmodSync(dir, 0o700);
  const data = join(dir, "data");
  const options = { cwd: dir, env: cleanEnv(), stdio: "ignore" } as const;
  const initdb = as(join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8");
  try {
    execFileSync(initdb[0], initdb.slice(1), options);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  const words = as(
    join(bin, "postgres"),
    "-D",
    data,
    "-k",
    dir,
    "-c",
    "listen_addresses=",
    ...settings.flatMap((value) => ["-c", value]),
  );
  const child = spawn(words[0], words.slice(1), options);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stopServer = () => {
    // Somebody has killed the server: its directory is removed all the same.
    if (child.exitCode !== null || child.signalCode !== null) return;
    const stop = as(join(bin, "pg_ctl"), "-D", data, "-m", "fast", "-w", "stop");
    execFileSync(stop[0], stop.slice(1), options);
  };
  const forget = atExit(() => {
    stopServer();
    rmSync(dir, { recursive: true, force: true });
  });
  while (!isReady(bin, dir)) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    await sleep(50);
  }
  return {
    dir,
    pid: Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    sql: (statement) =>
      execFileSync(join(bin, "psql"), ["-AtqX", "-h", dir, "-U", "postgres", "-c", statement], {
        encoding: "utf8",
      }).trim(),
    stop: async () => {
      stopServer();
      await ended;
      forget();
    },
  };
}

function isReady(bin: string, dir: string): boolean {
  try {
    execFileSync(join(bin, "pg_isready"), ["-h", dir, "-U", "postgres"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
