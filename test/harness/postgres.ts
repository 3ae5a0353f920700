/**
 * A temporary PostgreSQL server of the machine's own programs: on a socket in its directory, and on
 * a loopback port where a test asks for one. It can crash, and have a standby.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { until } from "../end-to-end/until.js";
import { pathOf } from "./programs.js";

const execFileLater = promisify(execFile);

interface PostgresOptions {
  /** Listens on this port of 127.0.0.1 too. Default: on the socket alone. */
  port?: number;
  /** Default: `on`. `fsync` is always off. */
  synchronousCommit?: "on" | "off";
  /** More settings, as `name=value`. */
  settings?: string[];
}

interface UrlOptions {
  /** Default: `postgres`. */
  user?: string;
  password?: string;
  /** By the port and not by the socket. */
  tcp?: boolean;
  /** Directory of the socket, where a link leads to it. */
  dir?: string;
}

export class Postgres {
  readonly dir = mkdtempSync(join(tmpdir(), "liveops-pg-"));
  /** Directory of `initdb`, `psql` and the others. */
  readonly bin = dirname(pathOf("postgresql"));
  /** Password of the user `postgres`. */
  readonly password = "a word that no log may hold";
  /** More settings for the next start, as `name=value`. */
  readonly settings: string[] = [];
  /** The server refuses to run as root. */
  readonly #user: { uid?: number; gid?: number } =
    process.getuid?.() === 0 ? idsOf("postgres") : {};
  #server: ChildProcess | undefined;

  constructor(private readonly options: PostgresOptions = {}) {
    const { uid, gid } = this.#user;
    if (uid !== undefined && gid !== undefined) chownSync(this.dir, uid, gid);
    this.settings.push(...(options.settings ?? []));
  }

  async start(): Promise<this> {
    await this.#begin(() => this.#execute("cp", ["-a", this.#template(), this.#data]));
    return this;
  }

  /**
   * An empty cluster, which servers of a test run copy: `initdb` takes seconds. So all have one
   * system identifier.
   */
  #template(): string {
    // The directory of a test run is removed at its end; a benchmark has none.
    const template = join(process.env.VITEST ? tmpdir() : this.dir, "liveops-pg-empty");
    if (existsSync(template)) return template;
    const made = join(this.dir, "empty");
    const password = join(this.dir, "password");
    writeFileSync(password, this.password);
    const words = ["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C"];
    const quick = ["--no-sync", "--no-instructions", `--pwfile=${password}`];
    this.#execute(join(this.bin, "initdb"), [...words, ...quick, "-D", made]);
    try {
      renameSync(made, template);
    } catch (error) {
      // Another process was first.
      if (!existsSync(template)) throw error;
    }
    return template;
  }

  /** A standby that gets every write some time after the commit. `this` must run. */
  async standby(options: PostgresOptions = {}): Promise<Postgres> {
    const standby = new Postgres(options);
    const from = [
      "-h",
      this.dir,
      "-U",
      "postgres",
      "--checkpoint=fast",
      "--no-sync",
      "--write-recovery-conf",
    ];
    const env = { PGPASSWORD: this.password, PGPORT: String(this.options.port ?? 5432) };
    const words = [...from, "-D", standby.#data];
    await standby.#begin(() => standby.#execute(join(this.bin, "pg_basebackup"), words, env));
    return standby;
  }

  /** Fills the data directory and starts the server; leaves nothing behind where that fails. */
  async #begin(fill: () => void): Promise<void> {
    try {
      fill();
      await this.#launch();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Runs a program as the user of the server. */
  #execute(program: string, words: string[], env: Record<string, string> = {}): void {
    execFileSync(program, words, {
      ...this.#user,
      cwd: this.dir,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }

  /** Makes a file in `dir` readable by the server alone. */
  own(file: string): string {
    const path = join(this.dir, file);
    chmodSync(path, 0o600);
    const { uid, gid } = this.#user;
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    return path;
  }

  /** Makes a standby a server of its own, on a new timeline. */
  async promote(): Promise<void> {
    this.sql("postgres", "select pg_promote()");
    await until(
      "the standby is promoted",
      () => this.sql("postgres", "select pg_is_in_recovery()") === "f",
    );
  }

  /** Ends the server and starts it again. `immediate`: as a crash does, without a checkpoint. */
  async restart(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.halt(mode);
    await this.#launch();
  }

  /** Ends the server. `start` again with `restart`. */
  async halt(mode: "fast" | "immediate" = "fast"): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    // By PostgreSQL's rules SIGINT ends connections; SIGQUIT ends everything at once.
    server.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
  }

  /** The rows that a statement gives, a line each. */
  sql(database: string, statement: string): string {
    return this.#psql(database, ["-c", statement]);
  }

  /** What the server logged. */
  log(): string {
    return readFileSync(join(this.dir, "log"), "utf8");
  }

  /**
   * Not at once: the server waits for each session that logs in, and it may be one of this process.
   */
  async createdb(name: string, template = "template1"): Promise<void> {
    await this.#psqlMeanwhile(`create database "${name}" template "${template}"`);
  }

  /**
   * Makes a database of the same content. Its sessions are ended, and none begins meanwhile: the
   * server waits five seconds for each that comes back.
   */
  async copydb(name: string, copy: string): Promise<void> {
    const admit = (may: boolean) =>
      this.sql("postgres", `alter database "${name}" allow_connections ${may}`);
    admit(false);
    try {
      const own = `datname = '${name}'`;
      this.sql("postgres", `select pg_terminate_backend(pid) from pg_stat_activity where ${own}`);
      await this.createdb(copy, name);
    } finally {
      admit(true);
    }
  }

  /** Ends its sessions. */
  async dropdb(name: string): Promise<void> {
    await this.#psqlMeanwhile(`drop database "${name}" with (force)`);
  }

  /** The address of a database with user and password. */
  url(database: string, options: UrlOptions = {}): string {
    const { user = "postgres", password = this.password, tcp = false, dir = this.dir } = options;
    const who = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    if (tcp) return `postgres://${who}@127.0.0.1:${this.options.port}/${database}`;
    const { port } = this.options;
    const socket = `host=${encodeURIComponent(dir)}${port === undefined ? "" : `&port=${port}`}`;
    return `postgres://${who}@localhost/${database}?${socket}`;
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.dir, "data");
  }

  async #launch(): Promise<void> {
    const { port, synchronousCommit = "on" } = this.options;
    const values = [
      `listen_addresses=${port === undefined ? "" : "127.0.0.1"}`,
      `port=${port ?? 5432}`,
      `unix_socket_directories=${this.dir}`,
      "fsync=off",
      `synchronous_commit=${synchronousCommit}`,
      ...this.settings,
    ];
    const log = openSync(join(this.dir, "log"), "a");
    const server = spawn(
      join(this.bin, "postgres"),
      ["-D", this.#data, ...values.flatMap((value) => ["-c", value])],
      { ...this.#user, cwd: this.dir, stdio: ["ignore", log, log] },
    );
    closeSync(log);
    this.#server = server;
    await until("the PostgreSQL server accepts connections", () => {
      if (server.exitCode !== null)
        throw new Error(`the PostgreSQL server ended with ${server.exitCode}:\n${this.log()}`);
      try {
        this.sql("postgres", "select 1");
        return true;
      } catch {
        return false;
      }
    });
  }

  #psql(database: string, words: string[]): string {
    return execFileSync(join(this.bin, "psql"), [...this.#place(database), ...words], {
      encoding: "utf8",
      env: { PGPASSWORD: this.password },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  async #psqlMeanwhile(statement: string): Promise<void> {
    const env = { PGPASSWORD: this.password };
    await execFileLater(join(this.bin, "psql"), [...this.#place("postgres"), "-c", statement], {
      env,
    });
  }

  #place(database: string): string[] {
    const port = String(this.options.port ?? 5432);
    const place = ["-h", this.dir, "-p", port, "-U", "postgres", "-d", database];
    return ["-AtqX", "-v", "ON_ERROR_STOP=1", ...place];
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
