/** What costs the daemon more with a long queue: a change, a page of the list, and the snapshot of a watch stream. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../protocol/client/client.js";
import { submitBatch } from "../harness/batch.js";
import { cpuOfThreads } from "../harness/cpu.js";
import { EMITS, THREE_STAGES } from "../harness/no-op.js";
import { alone, compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

/** Operations of one submit. */
const SIZE = 500;

export default async function growth(options: MeasureOptions): Promise<Row[]> {
  return [...(await change(options)), ...(await reads(options))];
}

/** A daemon with so many queued operations, behind one that emits all the time or sleeps. */
async function worldWith(queued: number, perSecond: number): Promise<BenchWorld> {
  const world = await benchWorld({
    ops: { ...EMITS, ...THREE_STAGES },
    flags: ["--concurrency", "1"],
    config: { maxQueued: 1_000_000 },
  });
  if (perSecond === 0) world.run("liveops", "submit", "shell", "--", "sleep", "3600");
  else await world.client.submit({ op: "emits", params: { perSecond, seconds: 3600 } }, "emits");
  for (let left = queued; left > 0; left -= SIZE) await submitBatch(world, Math.min(SIZE, left));
  return world;
}

/** Both daemons at the same time, each with an operation that emits all the time and a watcher of all operations. */
async function change({ quick }: MeasureOptions): Promise<Row[]> {
  const [few, many] = quick ? [10, 1000] : [10, 9_000];
  const perSecond = 500;
  const worlds: BenchWorld[] = [];
  const watching = new AbortController();
  try {
    for (const count of [few, many]) {
      const world = await worldWith(count, perSecond);
      worlds.push(world);
      void readAll(world, watching.signal);
    }
    const samples: [few: number[], many: number[]] = [[], []];
    const seconds = quick ? 1 : 5;
    await sleep(2000);
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const before = worlds.map(({ pid }) => cpuOfThreads(pid));
      const start = performance.now();
      await sleep(seconds * 1000);
      const events = (perSecond * (performance.now() - start)) / 1000;
      for (const [index, { pid }] of worlds.entries())
        samples[index]!.push(((cpuOfThreads(pid) - before[index]!) * 1000) / events);
    }
    return [
      compared(
        `daemon's CPU time for a change with ${many} queued`,
        samples[1],
        { what: `with ${few}`, samples: samples[0] },
        {
          unit: "µs",
          goal: { of: "ratio", atMost: 1.1 },
          notes: `${perSecond} events a second from one operation, one watcher of everything; progress is not synced`,
        },
      ),
    ];
  } finally {
    watching.abort(new Error("done"));
    for (const world of worlds) world.stop();
  }
}

/** A page of the list and a snapshot, asked of both daemons in turns. */
async function reads({ quick }: MeasureOptions): Promise<Row[]> {
  const [few, many] = quick ? [1000, 5000] : [1000, 100_000];
  const rounds = quick ? 3 : 9;
  const worlds: BenchWorld[] = [];
  try {
    for (const count of [few, many]) worlds.push(await worldWith(count, 0));
    // The state document is written after the last submit.
    await sleep(2000);
    const [small, large] = worlds.map((world) => ({
      page: () => cpuOf(world, 50, (client) => client.list({ limit: 20 })),
      snapshot: () => cpuOf(world, 5, snapshotOf),
    }));
    const pages = await interleave({ few: small!.page, many: large!.page }, rounds);
    const snapshots = await interleave({ few: small!.snapshot, many: large!.snapshot }, rounds);
    const beside = (samples: number[]) => ({ what: `with ${few}`, samples });
    const goal = { of: "ratio", atMost: 1.2 } as const;
    return [
      compared(`daemon's CPU time for a page of 20 with ${many} queued`, pages.many, beside(pages.few), {
        ...{ unit: "µs", goal, notes: "GET /v1/operations?limit=20, 50 a round" },
      }),
      compared(
        `daemon's CPU time for a snapshot with ${many} queued`,
        snapshots.many,
        beside(snapshots.few),
        {
          ...{ unit: "µs", goal, notes: "GET /v1/watch until its first line, 5 a round" },
        },
      ),
      alone(`size of a snapshot with ${many} queued`, [(await snapshotOf(worlds[1]!.client)) / 1e6], {
        ...{ unit: "MB", goal: { of: "ours", atMost: 1 } as const },
      }),
    ];
  } finally {
    for (const world of worlds) world.stop();
  }
}

/** Microseconds of the daemon's CPU time for one request of so many. */
async function cpuOf({ pid, client }: BenchWorld, times: number, ask: (client: Client) => Promise<unknown>) {
  const before = cpuOfThreads(pid);
  for (let n = 0; n < times; n++) await ask(client);
  return ((cpuOfThreads(pid) - before) * 1000) / times;
}

/** Characters of the snapshot. */
async function snapshotOf(client: Client): Promise<number> {
  for await (const line of client.watch({})) return JSON.stringify(line).length;
  throw new Error("the stream has no first line");
}

async function readAll({ client }: BenchWorld, signal: AbortSignal): Promise<void> {
  try {
    for await (const _line of client.watch({}, signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
