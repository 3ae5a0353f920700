/** The daemon's CPU time for a change does not grow with the queue: few and many operations in the queue. */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../harness/cpu.js";
import { EMITS, THREE_STAGES } from "../harness/no-op.js";
import { compared } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

/** Both daemons at the same time, each with an operation that emits all the time and a watcher of all operations. */
export default async function growth({ quick }: MeasureOptions): Promise<Row[]> {
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
