/** What liveops is compared with. Each ends with the measure. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Postgres } from "../../test/harness/postgres.js";
import { isMissing, pathOf } from "../../test/harness/programs.js";
import { atExit, NotHere } from "./measure.js";
import { cleanEnv, node, temporary } from "./world.js";

const bench = new URL("../", import.meta.url);

const postgres = () =>
  isMissing("postgresql") ? "" : join(dirname(pathOf("postgresql")), "postgres");

/** By name: null where it is not installed. */
export const VERSIONS: Record<string, () => string | null> = {
  Node: () => ofProgram(node),
  Redis: () => ofProgram("redis-server"),
  PostgreSQL: () => ofProgram(postgres()),
  BullMQ: () => ofLibrary("bullmq"),
  DBOS: () => ofLibrary("@dbos-inc/dbos-sdk"),
  pm2: () => ofLibrary("pm2"),
  ninja: () => ofProgram("ninja"),
  "GNU parallel": () => ofProgram("parallel"),
  "task-spooler": () => ofProgram("tsp", "-V"),
};

function ofProgram(program: string, flag = "--version"): string | null {
  const { stdout, status } = spawnSync(program, [flag], { encoding: "utf8" });
  return status === 0 ? (/\d+(\.\d+)*/.exec(stdout)?.[0] ?? "") : null;
}

function ofLibrary(name: string): string | null {
  const manifest = new URL(`node_modules/${name}/package.json`, bench);
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** @throws where a measure lacks what it compares with */
export function requirePeers(...names: string[]): void {
  const missing = names.filter((name) => VERSIONS[name]!() === null);
  if (missing.length > 0)
    throw new NotHere(`${missing.join(" and ")} missing; install with bench/peers/install.sh`);
}

/**
 * A script of bench/peers in its own process, with the libraries of bench/node_modules. Each line
 * of JSON in gives one line of JSON out. The script ends at the end of its input.
 */
export class Peer {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param script - name of the file in bench/peers, without its extension */
  constructor(script: string, settings: unknown) {
    const path = fileURLToPath(new URL(`peers/${script}.mjs`, bench));
    this.#child = spawn(node, [path, JSON.stringify(settings)], {
      env: cleanEnv(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    atExit(() => this.#child.kill("SIGKILL"));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async ask(question: unknown): Promise<number> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.#child.spawnargs[1]} ended before it answered`);
    return Number(value);
  }
}

/** The socket of a Redis whose answers wait for the disk. */
export async function startRedis(): Promise<string> {
  requirePeers("Redis", "BullMQ");
  const dir = temporary();
  const socket = join(dir, "redis.sock");
  const durable = { appendonly: "yes", appendfsync: "always", save: "" };
  const settings = { port: "0", unixsocket: socket, dir, ...durable };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn("redis-server", words, { stdio: "ignore" });
  atExit(() => child.kill("SIGKILL"));
  // It listens from its socket on; an empty server has nothing to load.
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    await sleep(20);
  }
  return socket;
}

/** A PostgreSQL whose commits wait for the disk. */
export async function startPostgres(): Promise<Postgres> {
  requirePeers("PostgreSQL");
  const server = await new Postgres({ settings: ["fsync=on"] }).start();
  const pid = Number.parseInt(readFileSync(join(server.dir, "data/postmaster.pid"), "utf8"), 10);
  atExit(() => {
    process.kill(pid, "SIGQUIT");
    rmSync(server.dir, { recursive: true, force: true, maxRetries: 5 });
  });
  return server;
}

/** pm2 with its own home, so that it touches no other pm2. */
export class Pm2 {
  readonly #bin = fileURLToPath(new URL("node_modules/pm2/bin/pm2", bench));
  readonly #dir = temporary();
  readonly env = { ...cleanEnv(), PM2_HOME: this.#dir, PM2_DISCRETE_MODE: "true" };
  /** Path of a program that only waits. */
  readonly script = join(this.#dir, "waits.cjs");

  constructor() {
    requirePeers("pm2");
    writeFileSync(this.script, "setInterval(() => {}, 1000);\n");
    atExit(() => this.kill());
  }

  words(...words: string[]): string[] {
    return [node, this.#bin, ...words];
  }

  /** Ends the pm2 daemon and its programs; the next command starts the daemon again. */
  kill(): void {
    execFileSync(node, [this.#bin, "kill"], { env: this.env, stdio: "ignore" });
  }
}
