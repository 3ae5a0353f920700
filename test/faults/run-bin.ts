/** Runs a built bin in a world, until it ends or a deadline passes. */
import { spawn } from "node:child_process";
import type { World } from "../harness/world.js";

export interface BinEnded {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface BinOptions {
  /** Time in ms after which the bin is killed (SIGKILL); `code` is null then. Default: none. */
  deadline?: number;
  /** Variables beside those of the world. */
  env?: Record<string, string>;
}

export async function runBin(
  world: World,
  name: "liveops" | "liveopsd",
  words: string[],
  { deadline, env = {} }: BinOptions = {},
): Promise<BinEnded> {
  const child = spawn(process.execPath, [world.bin(name), ...words], {
    cwd: world.dir,
    env: { ...world.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    killSignal: "SIGKILL",
    ...(deadline !== undefined && { timeout: deadline }),
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...said };
}
