/**
 * A fleet for a benchmark: one private PostgreSQL, and hosts on this machine. All of it is removed at the end.
 *
 * PostgreSQL has its defaults, so a commit waits for the disk. What the server says of itself is in `durability`.
 */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import type { Config } from "../../protocol/system/config-settings.js";
import { type Postgres, startPostgres } from "./postgres.js";
import { type BenchWorld, benchWorld, bin, cleanEnv, node } from "./world.js";

export interface Fleet {
  postgres: Postgres;
  hosts: BenchWorld[];
  /** Settings of the server that decide when a commit is on the disk. */
  durability: string;
  stop(): Promise<void>;
}

export interface FleetOptions {
  hosts: number;
  /** Operations that run on a host at the same time. */
  slots: number;
  /** Sources of operation files, by file name. */
  ops?: Record<string, string>;
  config?: Config;
  /** More settings of the server, as `name=value`. */
  settings?: string[];
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { ops = {}, config = {}, slots } = options;
  const postgres = await startPostgres(options.settings);
  const hosts: BenchWorld[] = [];
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(postgres.dir)}`;
  const stop = async () => {
    for (const host of hosts) host.stop();
    await postgres.stop();
  };
  try {
    execFileSync(node, [bin("liveopsd"), "fleet", "migrate", "--url", url], {
      env: cleanEnv(),
      stdio: "pipe",
    });
    for (let n = 0; n < options.hosts; n++) {
      const flags = ["--concurrency", `${slots}`, "--fleet", url, "--host", hostName(n)];
      hosts.push(await benchWorld({ ops, config, flags }));
    }
    return { postgres, hosts, durability: durabilityOf(postgres), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** a, b, c … */
const hostName = (n: number) => String.fromCharCode(97 + n);

function durabilityOf({ sql }: Postgres): string {
  const names = ["fsync", "synchronous_commit", "wal_sync_method"];
  return names.map((name) => `${name} ${sql(`show ${name}`)}`).join(", ");
}

/**
 * Resolves when the daemon knows of so many operations that succeeded.
 *
 * @throws Error if one failed
 */
export async function untilSucceeded(client: Client, count: number): Promise<void> {
  for (;;) {
    const { counts } = await client.daemon();
    if (counts.failed + counts.cancelled > 0) throw new Error("an operation of the benchmark failed");
    if (counts.succeeded >= count) return;
    // Rare enough not to affect the measure: the daemon reads its memory use for each answer.
    await sleep(15);
  }
}
