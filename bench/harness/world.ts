/** A real daemon in a temporary directory for a benchmark, with the built bins; all of it gone at the end. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "../../protocol/client/client.js";

// The Node of node_modules where there is one, as npx and npm scripts take it.
const own = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
export const node = existsSync(own) ? own : process.execPath;
export const bin = (name: string) => fileURLToPath(new URL(`../../dist/bin/${name}.cjs`, import.meta.url));

export interface BenchWorld {
  client: Client;
  /** Of the daemon. */
  pid: number;
  env: NodeJS.ProcessEnv;
  run(name: string, ...words: string[]): string;
  stop(): void;
}

/** @param ops sources of operation files, by file name */
export async function benchWorld(ops: Record<string, string> = {}, ...flags: string[]): Promise<BenchWorld> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const opsDir = join(dir, "ops");
  mkdirSync(opsDir);
  for (const [name, source] of Object.entries(ops)) writeFileSync(join(opsDir, name), source);
  const { NODE_EXTRA_CA_CERTS: _slow, NODE_OPTIONS: _loaders, ...inherited } = process.env;
  const socket = join(dir, "liveopsd.sock");
  const env = { ...inherited, HOME: dir, LIVEOPS_STATE_DIR: dir, LIVEOPS_SOCKET: socket };
  const run = (name: string, ...words: string[]) =>
    execFileSync(node, [bin(name), ...words], { env, encoding: "utf8" });
  run("liveopsd", "start", "--ops", opsDir, ...flags);
  const client = new Client(socket);
  const { pid } = await client.daemon();
  return {
    client,
    pid,
    env,
    run,
    stop: () => {
      run("liveopsd", "stop", "--now");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
