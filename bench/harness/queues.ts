/** Daemons with long queues, and the CPU time of what they are asked. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { cpuOfThreads } from "./processes.js";
import { fillQueue, submitBatch } from "./submitter.js";
import { type BenchWorld, benchWorld } from "./world.js";

/** A daemon with so many queued operations behind one that runs all the time. */
export async function withQueue(queued: number): Promise<BenchWorld> {
  const world = await benchWorld({ slots: 1, config: { maxQueued: 1_000_000 } });
  world.run("liveops", "submit", "shell", "--", "sleep", "3600");
  await fillQueue(world, queued);
  // The state document is written after the last submit.
  await sleep(2000);
  return world;
}

/** What is asked, and how often in a sample. */
export const ASKED = {
  "a page of 20": [50, ({ client }: BenchWorld) => client.list({ limit: 20 })],
  "a forecast": [20, ({ client }: BenchWorld) => client.forecast()],
  // A submit and its cancel, so that the queue keeps its length.
  "a change": [20, async (world: BenchWorld) => world.client.cancel(await submitBatch(world, 1))],
  "a snapshot": [5, ({ client }: BenchWorld) => bytesOfSnapshot(client)],
} as const;

/** Microseconds of the daemon's CPU time. */
export async function cpuOf(world: BenchWorld, name: keyof typeof ASKED): Promise<number> {
  const [times, ask] = ASKED[name];
  const before = cpuOfThreads(world.pid);
  for (let n = 0; n < times; n++) await ask(world);
  return ((cpuOfThreads(world.pid) - before) * 1000) / times;
}

/** Bytes of the first line of a watch stream. */
export async function bytesOfSnapshot(client: Client): Promise<number> {
  for await (const line of client.watch({})) return Buffer.byteLength(JSON.stringify(line));
  throw new Error("the watch stream ended without a line");
}
