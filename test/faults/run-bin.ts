/** Runs a built bin in a world, to its end. */
import { spawn } from "node:child_process";
import type { World } from "../harness/world.js";

export interface BinEnded {
  code: number | null;
  stdout: string;
  stderr: string;
}

export async function runBin(world: World, name: "liveops" | "liveopsd", words: string[]): Promise<BinEnded> {
  const child = spawn(process.execPath, [world.bin(name), ...words], {
    cwd: world.dir,
    env: world.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...said };
}
