/** A temporary PostgreSQL server of the machine's own programs, which listens on a socket in its directory alone. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.js";

export class Postgres {
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-pg-"));
  /** Directory of `initdb`, `psql` and the others. */
  readonly bin = programs();
  /** Password of the user `postgres`. */
  readonly password = "a word that no log may hold";
  /** The server refuses to run as root. */
  readonly #user: { uid?: number; gid?: number } = process.getuid?.() === 0 ? idsOf("postgres") : {};
  #server: ChildProcess | undefined;

  async start(): Promise<this> {
    const { uid, gid } = this.#user;
    if (uid !== undefined && gid !== undefined) chownSync(this.dir, uid, gid);
    const data = join(this.dir, "data");
    writeFileSync(join(this.dir, "password"), this.password);
    const words = [
      "--auth=scram-sha-256",
      "--username=postgres",
      "--encoding=UTF8",
      "--no-sync",
      "--no-instructions",
    ];
    execFileSync(join(this.bin, "initdb"), [...words, `--pwfile=${join(this.dir, "password")}`, "-D", data], {
      ...this.#user,
      cwd: this.dir,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const settings = [
      "-c",
      "listen_addresses=",
      "-c",
      `unix_socket_directories=${this.dir}`,
      "-c",
      "fsync=off",
    ];
    this.#server = spawn(join(this.bin, "postgres"), ["-D", data, ...settings], {
      ...this.#user,
      cwd: this.dir,
      stdio: "ignore",
    });
    await until("the PostgreSQL server accepts connections", () => {
      try {
        this.sql("postgres", "select 1");
        return true;
      } catch {
        return false;
      }
    });
    return this;
  }

  /** The rows that a statement gives, a line each. */
  sql(database: string, statement: string): string {
    return execFileSync(
      join(this.bin, "psql"),
      ["-AtqX", "-v", "ON_ERROR_STOP=1", "-h", this.dir, "-U", "postgres", "-d", database, "-c", statement],
      { encoding: "utf8", env: { PGPASSWORD: this.password }, stdio: ["ignore", "pipe", "pipe"] },
    ).trim();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      // PostgreSQL calls this a fast shutdown: it ends connections.
      server.kill("SIGINT");
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Debian keeps the programs of the server out of the PATH. */
function programs(): string {
  const places = [
    ...globSync("/usr/lib/postgresql/*/bin"),
    ...(process.env.PATH ?? "").split(":").filter((place) => place !== ""),
  ];
  const found = places.findLast(
    (place) => existsSync(join(place, "initdb")) && existsSync(join(place, "pg_dump")),
  );
  if (found === undefined) {
    throw new Error(
      "PostgreSQL is missing: no initdb in /usr/lib/postgresql/*/bin; apt-get install postgresql",
    );
  }
  return found;
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
