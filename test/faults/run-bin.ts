/** Runs a built bin in a world, until it ends or a deadline passes. */
import { spawn } from "node:child_process";
import { type Ended, Running } from "../end-to-end/bins.js";
import type { World } from "../harness/world.js";

export interface BinOptions {
  /**
   * Time in ms after which the bin is killed (SIGKILL); `code` is null then. Default: that of
   * `Running`.
   */
  deadline?: number;
  /** Variables beside those of the world. */
  env?: Record<string, string>;
}

export function runBin(
  world: World,
  name: "liveops" | "liveopsd",
  words: string[],
  { deadline, env = {} }: BinOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [world.bin(name), ...words], {
    cwd: world.dir,
    env: { ...world.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    killSignal: "SIGKILL",
    ...(deadline !== undefined && { timeout: deadline }),
  });
  return new Running(child).ended;
}
