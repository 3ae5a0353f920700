/**
 * Growth with the queue: CPU time of the daemon with 10,000 queued operations beside 1,000. A cost that does not grow
 * gives 1, a linear cost 10.
 */
import { submitBatch } from "../harness/batch.js";
import { cpuOfThreads } from "../harness/cpu.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { median } from "../harness/rounds.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";
import type { GateRow } from "./bounds.js";

const [FEW, MANY] = [1000, 10_000];
/** Operations in a request. */
const ARRAY = 500;
const ROUNDS = 9;

export default async function growth(): Promise<GateRow[]> {
  const worlds: BenchWorld[] = [];
  try {
    for (const count of [FEW, MANY]) worlds.push(await queueOf(count));
    const [few, many] = worlds as [BenchWorld, BenchWorld];
    /** Median of the rounds' ratios. Each round asks both daemons `times` times. */
    const ratio = async (times: number, ask: (world: BenchWorld) => Promise<unknown>) => {
      const rounds: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        const [a, b] = [await cpuOf(few, times, ask), await cpuOf(many, times, ask)];
        if (round > 0) rounds.push(b / a);
      }
      // Less than 1 is chance.
      return Math.max(1, median(rounds));
    };
    const page = await ratio(20, ({ client }) => client.list({ limit: 20 }));
    const forecast = await ratio(20, ({ client }) => client.forecast());
    const submit = await ratio(20, (world) => submitBatch(world, 1));
    const watch = await ratio(4, snapshot);
    return [
      { name: "list page: CPU, 10,000 queued beside 1,000", value: page, room: 0.3 },
      { name: "forecast: CPU, 10,000 queued beside 1,000", value: forecast, room: 0.3 },
      { name: "submit: CPU, 10,000 queued beside 1,000", value: submit, room: 0.3 },
      { name: "watch snapshot: CPU, 10,000 queued beside 1,000", value: watch, room: 0.3 },
      { name: "watch snapshot: bytes, 10,000 queued", value: await snapshot(many), room: 0.05 },
    ];
  } finally {
    for (const world of worlds) world.stop();
  }
}

async function queueOf(count: number): Promise<BenchWorld> {
  const world = await benchWorld({
    ops: THREE_STAGES,
    flags: ["--concurrency", "1"],
    config: { maxQueued: 2 * MANY },
  });
  world.run("liveops", "submit", "shell", "--", "sleep", "3600");
  for (let done = 0; done < count; done += ARRAY) await submitBatch(world, ARRAY);
  return world;
}

async function cpuOf(
  world: BenchWorld,
  times: number,
  ask: (world: BenchWorld) => Promise<unknown>,
): Promise<number> {
  const before = cpuOfThreads(world.pid);
  for (let n = 0; n < times; n++) await ask(world);
  return cpuOfThreads(world.pid) - before;
}

/** Bytes of the first line of a watch stream. */
async function snapshot({ client }: BenchWorld): Promise<number> {
  for await (const line of client.watch({})) return Buffer.byteLength(JSON.stringify(line));
  throw new Error("the watch stream ended without a line");
}
