/**
 * A real daemon for a benchmark, with the built bins, in a temporary directory that is removed at
 * the end.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "../../protocol/client/client.js";
import type { Config } from "../../protocol/system/config-settings.js";
import { processesOf } from "../../test/end-to-end/processes.js";
import { atExit } from "./measure.js";

// The Node of node_modules where there is one, as npx and npm scripts use it.
const own = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
export const node = existsSync(own) ? own : process.execPath;
export const bin = (name: string) =>
  fileURLToPath(new URL(`../../dist/bin/${name}.cjs`, import.meta.url));

/**
 * The environment without variables that slow a Node start, add a loader, or select another daemon.
 */
export function cleanEnv(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _slow, NODE_OPTIONS: _loaders, ...env } = process.env;
  for (const name of Object.keys(env)) if (name.startsWith("LIVEOPS_")) delete env[name];
  return env;
}

/** A directory that is removed at the end of the measure. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  atExit(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

/** The operations of the measures. */
export const opsDir = fileURLToPath(new URL("../ops", import.meta.url));

export interface WorldOptions {
  /** Directory of operations; default: `bench/ops`. */
  opsDir?: string;
  /** How many operations run at once. */
  slots?: number;
  config?: Config;
  /** Words before those of `liveopsd start`, as of strace; they may name a file in `dir`. */
  tracer?: (dir: string) => readonly string[];
}

export interface BenchWorld {
  dir: string;
  client: Client;
  socket: string;
  stateDir: string;
  /** Process id of the daemon. */
  pid: number;
  env: NodeJS.ProcessEnv;
  run(name: string, ...words: string[]): string;
  /** Ends the daemon now, and not with the measure. */
  stop(): void;
}

export async function benchWorld(options: WorldOptions = {}): Promise<BenchWorld> {
  const dir = temporary();
  const stateDir = join(dir, "state");
  const config = join(dir, "config.json");
  writeFileSync(config, JSON.stringify(options.config ?? {}));
  const socket = join(dir, "liveopsd.sock");
  const env = {
    ...cleanEnv(),
    HOME: dir,
    LIVEOPS_STATE_DIR: stateDir,
    LIVEOPS_SOCKET: socket,
    LIVEOPS_CONFIG: config,
    LIVEOPS_OPS: options.opsDir ?? opsDir,
  };
  const run = (name: string, ...words: string[]) =>
    execFileSync(node, [bin(name), ...words], {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const stop = atExit(() => {
    try {
      run("liveopsd", "stop", "--now");
    } catch (error) {
      console.error((error as Error).message);
    }
    // Workers write their compile cache at their end, and this may run at that of the measure.
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let left = 100; left > 0 && processesOf(dir).length > 0; left--)
      Atomics.wait(clock, 0, 0, 50);
    for (const { pid } of processesOf(dir)) spawnSync("kill", ["-9", `${pid}`]);
  });
  const start = ["start"];
  if (options.slots !== undefined) start.push("--concurrency", `${options.slots}`);
  const [program, ...words] = [...(options.tracer?.(dir) ?? []), node, bin("liveopsd"), ...start];
  // A tracer keeps the pipe open.
  const stderr = options.tracer ? "ignore" : "pipe";
  execFileSync(program!, words, { env, stdio: ["ignore", "ignore", stderr] });
  const client = new Client(socket);
  const { pid } = await client.daemon();
  return {
    dir,
    client,
    socket,
    stateDir,
    pid,
    env,
    run,
    stop,
  };
}
