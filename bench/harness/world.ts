/** A real daemon for a benchmark, with the built bins, in a temporary directory that is removed at the end. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "../../protocol/client/client.js";
import type { Config } from "../../protocol/system/config-settings.js";
import { processesOf } from "../../test/end-to-end/processes.js";
import { atExit } from "./at-exit.js";

// The Node of node_modules where there is one, as npx and npm scripts use it.
const own = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
export const node = existsSync(own) ? own : process.execPath;
export const bin = (name: string) => fileURLToPath(new URL(`../../dist/bin/${name}.cjs`, import.meta.url));

/** The environment without variables that slow a Node start, add a loader, or select another daemon. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _slow, NODE_OPTIONS: _loaders, ...env } = process.env;
  for (const name of Object.keys(env)) if (name.startsWith("LIVEOPS_")) delete env[name];
  return env;
}

export interface WorldOptions {
  /** Sources of operation files, by file name. */
  ops?: Record<string, string>;
  /** Flags of `liveopsd start`. */
  flags?: string[];
  config?: Config;
  /** Called before the daemon starts, with the state directory. */
  prepare?: (stateDir: string) => Promise<void>;
  /** A command line that runs `liveopsd start` and ends with the daemon, as strace does. It may write to `dir`. */
  tracer?: (dir: string) => readonly string[];
}

export interface BenchWorld {
  dir: string;
  client: Client;
  socket: string;
  stateDir: string;
  opsDir: string;
  /** Process id of the daemon. */
  pid: number;
  env: NodeJS.ProcessEnv;
  run(name: string, ...words: string[]): string;
  stop(): void;
}

export async function benchWorld(options: WorldOptions = {}): Promise<BenchWorld> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const stateDir = join(dir, "state");
  const opsDir = join(dir, "ops");
  const config = join(dir, "config.json");
  mkdirSync(opsDir);
  for (const [name, source] of Object.entries(options.ops ?? {})) writeFileSync(join(opsDir, name), source);
  writeFileSync(config, JSON.stringify(options.config ?? {}));
  const socket = join(dir, "liveopsd.sock");
  const env = {
    ...cleanEnv(),
    HOME: dir,
    LIVEOPS_STATE_DIR: stateDir,
    LIVEOPS_SOCKET: socket,
    LIVEOPS_CONFIG: config,
  };
  const run = (name: string, ...words: string[]) =>
    execFileSync(node, [bin(name), ...words], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  await options.prepare?.(stateDir);
  const forget = atExit(() => {
    run("liveopsd", "stop", "--now");
    // Workers write their compile cache at their end, and this may run at that of the measure.
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let left = 100; left > 0 && processesOf(dir).length > 0; left--) Atomics.wait(clock, 0, 0, 50);
    // A daemon that was interrupted at its start may still write.
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  const start = ["start", "--ops", opsDir, ...(options.flags ?? [])];
  if (options.tracer === undefined) run("liveopsd", ...start);
  else await untilStarted([...options.tracer(dir), node, bin("liveopsd"), ...start], env);
  const client = new Client(socket);
  const { pid } = await client.daemon();
  return {
    dir,
    client,
    socket,
    stateDir,
    opsDir,
    pid,
    env,
    run,
    stop: forget,
  };
}

/** Starts the program; resolves when it has said that the daemon answers. */
function untilStarted([program, ...words]: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program!, words, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  return new Promise((resolve, reject) => {
    child.stderr.on("data", (data) => {
      said += data;
      if (said.includes("answers on")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}: ${said}`)));
  });
}
