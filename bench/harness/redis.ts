/** A private redis-server on a Unix socket in a temporary directory that is removed at the end. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit } from "./at-exit.js";

export interface Redis {
  socket: string;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-redis-"));
  const socket = join(dir, "redis.sock");
  const durable = { appendonly: "yes", appendfsync: "always", save: "" };
  const settings = { port: "0", unixsocket: socket, dir, ...durable };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn("redis-server", words, { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const forget = atExit(() => {
    child.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });
  // It listens from its socket on; an empty server has nothing to load.
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    socket,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      forget();
    },
  };
}
