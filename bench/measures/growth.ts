/** What costs the daemon more with a long queue: a change, a page of the list, and the snapshot of a watch stream. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { EMITS, THREE_STAGES } from "../harness/no-op.js";
import { cpuOfThreads } from "../harness/processes.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { submitBatch } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

/** Operations of one submit. */
const SIZE = 500;
const PER_SECOND = 500;

export default async function growth(options: MeasureOptions): Promise<Row[]> {
  return [...(await change(options)), ...(await reads(options))];
}

/** Daemons with so many queued operations, each behind one that emits all the time or sleeps. */
export async function withQueues<T>(
  counts: readonly number[],
  perSecond: number,
  measure: (worlds: readonly BenchWorld[]) => Promise<T>,
): Promise<T> {
  const worlds: BenchWorld[] = [];
  try {
    for (const queued of counts) {
      const world = await benchWorld({
        ops: { ...EMITS, ...THREE_STAGES },
        flags: ["--concurrency", "1"],
        config: { maxQueued: 1_000_000 },
      });
      worlds.push(world);
      if (perSecond === 0) world.run("liveops", "submit", "shell", "--", "sleep", "3600");
      else await world.client.submit({ op: "emits", params: { perSecond, seconds: 3600 } }, "emits");
      for (let left = queued; left > 0; left -= SIZE) await submitBatch(world, Math.min(SIZE, left));
    }
    // The state document is written after the last submit.
    await sleep(2000);
    return await measure(worlds);
  } finally {
    for (const world of worlds) world.stop();
  }
}

/** Both daemons at the same time, each with an operation that emits all the time and a watcher of all operations. */
function change({ quick }: MeasureOptions): Promise<Row[]> {
  const [few, many] = quick ? [10, 1000] : [10, 9_000];
  return withQueues([few, many], PER_SECOND, async (worlds) => {
    const watching = new AbortController();
    for (const world of worlds) void readAll(world, watching.signal);
    const samples: [few: number[], many: number[]] = [[], []];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const before = worlds.map(({ pid }) => cpuOfThreads(pid));
      const start = performance.now();
      await sleep(quick ? 1000 : 5000);
      const events = (PER_SECOND * (performance.now() - start)) / 1000;
      for (const [index, { pid }] of worlds.entries())
        samples[index]!.push(((cpuOfThreads(pid) - before[index]!) * 1000) / events);
    }
    watching.abort(new Error("done"));
    return [
      row({
        name: `daemon's CPU time for a change with ${many} queued`,
        unit: "µs",
        ours: samples[1],
        beside: { what: `with ${few}`, samples: samples[0] },
        goal: "≤ 1.1 ×",
        notes: `${PER_SECOND} events a second from one operation, one watcher of everything; progress is not synced`,
      }),
    ];
  });
}

/** A page of the list and a snapshot, asked of both daemons in turns. */
function reads({ quick }: MeasureOptions): Promise<Row[]> {
  const [few, many] = quick ? [1000, 5000] : [1000, 100_000];
  return withQueues([few, many], 0, async (worlds) => {
    const [small, large] = worlds as [BenchWorld, BenchWorld];
    const asked = async (name: string, times: number, notes: string, ask: (client: Client) => unknown) => {
      const each = (world: BenchWorld) => async () =>
        ((await cpuOf(world, times, ({ client }) => ask(client))) * 1000) / times;
      const samples = await interleave({ few: each(small), many: each(large) }, quick ? 3 : 9);
      return row({
        name: `daemon's CPU time for ${name} with ${many} queued`,
        unit: "µs",
        ours: samples.many,
        beside: { what: `with ${few}`, samples: samples.few },
        goal: "≤ 1.2 ×",
        notes: `${notes}, ${times} a round`,
      });
    };
    return [
      await asked("a page of 20", 50, "GET /v1/operations?limit=20", (client) => client.list({ limit: 20 })),
      await asked("a snapshot", 5, "GET /v1/watch until its first line", bytesOfSnapshot),
      row({
        name: `size of a snapshot with ${many} queued`,
        unit: "MB",
        ours: [(await bytesOfSnapshot(large.client)) / 1e6],
        goal: "≤ 1 MB",
      }),
    ];
  });
}

/** Milliseconds of the daemon's CPU time for so many requests, one after the other. */
export async function cpuOf(world: BenchWorld, times: number, ask: (world: BenchWorld) => unknown) {
  const before = cpuOfThreads(world.pid);
  for (let n = 0; n < times; n++) await ask(world);
  return cpuOfThreads(world.pid) - before;
}

/** Bytes of the first line of a watch stream. */
export async function bytesOfSnapshot(client: Client): Promise<number> {
  for await (const line of client.watch({})) return Buffer.byteLength(JSON.stringify(line));
  throw new Error("the watch stream ended without a line");
}

async function readAll({ client }: BenchWorld, signal: AbortSignal): Promise<void> {
  try {
    for await (const _line of client.watch({}, signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
