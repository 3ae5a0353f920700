/** What costs the daemon more with a long queue: a page of the list, a snapshot of a watch stream, and a change. */
import { setTimeout as sleep } from "node:timers/promises";
import { isQuick, rounds, row } from "../harness/measure.js";
import { cpuOfThreads } from "../harness/processes.js";
import { bytesOfSnapshot, cpuOf, withQueue } from "../harness/queues.js";
import type { BenchWorld } from "../harness/world.js";

const [small, large] = [await withQueue(1000), await withQueue(isQuick ? 5000 : 100_000)];
for (const name of ["a page of 20", "a snapshot"] as const) {
  const samples = await rounds(9, { few: () => cpuOf(small, name), many: () => cpuOf(large, name) });
  row(`CPU of ${name}, 100,000 queued`, "µs", "≤ 1.2 ×", samples.many, { "1,000": samples.few });
}
const bytes = await bytesOfSnapshot(large.client);
row("size of a snapshot, 100,000 queued", "MB", "≤ 1 MB", [bytes / 1e6]);
for (const world of [small, large]) world.stop();

/** Events a second of the operation that runs before the queue. */
const PER_SECOND = 500;
const changing = [await withQueue(10, PER_SECOND), await withQueue(isQuick ? 1000 : 9000, PER_SECOND)];
for (const world of changing) void readAll(world);
// Both at the same time, so that they share the load.
const { both } = await rounds(7, {
  both: async () => {
    const before = changing.map(({ pid }) => cpuOfThreads(pid));
    const start = performance.now();
    await sleep(isQuick ? 1000 : 5000);
    const events = (PER_SECOND * (performance.now() - start)) / 1000;
    return changing.map(({ pid }, index) => ((cpuOfThreads(pid) - before[index]!) * 1000) / events);
  },
});
row(
  "CPU of a change, 9,000 queued",
  "µs",
  "≤ 1.1 ×",
  both.map(([, many]) => many!),
  { "10": both.map(([few]) => few!) },
);

async function readAll({ client }: BenchWorld): Promise<void> {
  for await (const _line of client.watch({}));
}
