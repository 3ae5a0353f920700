/**
 * Checks that cost does not grow with the stored operations: operations per second with 10, 1,000 and 100,000 finished
 * operations, and the daemon's CPU time for a change with few and many operations in the queue.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../harness/cpu.js";
import { fillHistory } from "../harness/history.js";
import { EMITS, THREE_STAGES } from "../harness/no-op.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter, untilDone } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

export default async function growth(options: MeasureOptions): Promise<Row[]> {
  return [...(await byHistory(options)), ...(await byQueue(options))];
}

async function byHistory({ quick }: MeasureOptions): Promise<Row[]> {
  const counts = quick ? [10, 1000, 10_000] : [10, 1000, 100_000];
  const jobs = 100;
  const worlds: BenchWorld[] = [];
  const submitters: Submitter[] = [];
  try {
    const contenders: Record<string, () => Promise<number>> = {};
    for (const count of counts) {
      const world = await benchWorld({ ops: THREE_STAGES, prepare: (dir) => fillHistory(dir, count) });
      const submitter = new Submitter(world.socket, 32);
      worlds.push(world);
      submitters.push(submitter);
      const { failed } = (await world.client.daemon()).counts;
      contenders[`finished ${count}`] = async () => {
        const start = performance.now();
        await submitter.submit({ op: "three-stages" }, jobs);
        await untilDone(world.client, failed);
        const rate = (jobs / (performance.now() - start)) * 1000;
        await removeNewest(world, jobs);
        return rate;
      };
    }
    const samples = await interleave(contenders, quick ? 3 : 31);
    const [few, ...more] = counts;
    const reference = { what: `with ${few}`, samples: samples[`finished ${few}`]! };
    return more.map((count) =>
      compared(`operations/s with ${count} finished`, samples[`finished ${count}`]!, reference, {
        unit: "/s",
        goal: { of: "ratio", atLeast: 0.9 },
        notes: `${jobs} of three empty stages a round, fdatasync before each answer; those of a round are removed after it`,
      }),
    );
  } finally {
    for (const submitter of submitters) submitter.close();
    for (const world of worlds) world.stop();
  }
}

/** Removes the operations of a round, so that each round starts with the same number. */
async function removeNewest({ client }: BenchWorld, count: number): Promise<void> {
  const { operations } = await client.list({ limit: count });
  for (const { id } of operations) await client.remove(id);
}

/** Both daemons at the same time, each with an operation that emits all the time and a watcher of all operations. */
async function byQueue({ quick }: MeasureOptions): Promise<Row[]> {
  const [few, many] = quick ? [10, 1000] : [10, 9_000];
  const perSecond = 500;
  const worlds: BenchWorld[] = [];
  const watching = new AbortController();
  try {
    for (const count of [few, many]) {
      const world = await benchWorld({ ops: { ...EMITS, ...THREE_STAGES }, flags: ["--concurrency", "1"] });
      worlds.push(world);
      await world.client.submit({ op: "emits", params: { perSecond, seconds: 3600 } }, "emits");
      const submitter = new Submitter(world.socket, 32);
      await submitter.submit({ op: "three-stages" }, count);
      submitter.close();
      void readAll(world, watching.signal);
    }
    const samples: [few: number[], many: number[]] = [[], []];
    const seconds = quick ? 1 : 5;
    await sleep(2000);
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const before = worlds.map(({ pid }) => cpuSeconds(pid));
      const start = performance.now();
      await sleep(seconds * 1000);
      const events = (perSecond * (performance.now() - start)) / 1000;
      for (const [index, { pid }] of worlds.entries())
        samples[index]!.push(((cpuSeconds(pid) - before[index]!) * 1e6) / events);
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

async function readAll({ client }: BenchWorld, signal: AbortSignal): Promise<void> {
  try {
    for await (const _line of client.watch({}, signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
