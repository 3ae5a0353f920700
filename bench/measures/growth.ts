/**
 * What costs the daemon more with a long queue: a page of the list, a snapshot of a watch stream,
 * and a change.
 */
import { isQuick, rounds, row } from "../harness/measure.js";
import { bytesOfSnapshot, cpuOf, withQueue } from "../harness/queues.js";
import type { BenchWorld } from "../harness/world.js";

const [small, large] = [await withQueue(1000), await withQueue(isQuick ? 5000 : 100_000)];
for (const name of ["a page of 20", "a snapshot"] as const) {
  const samples = await rounds(9, {
    few: () => cpuOf(small, name),
    many: () => cpuOf(large, name),
  });
  row(`CPU of ${name}, 100,000 queued`, "µs", "≤ 1.2 ×", samples.many, { "1,000": samples.few });
}
const bytes = await bytesOfSnapshot(large.client);
row("size of a snapshot, 100,000 queued", "MB", "≤ 1 MB", [bytes / 1e6]);
for (const world of [small, large]) world.stop();

const [short, long] = [await withQueue(10), await withQueue(isQuick ? 1000 : 9000)];
for (const world of [short, long]) void readAll(world);
const changes = await rounds(9, {
  few: () => cpuOf(short, "a change"),
  many: () => cpuOf(long, "a change"),
});
row("CPU of a change, 9,000 queued", "µs", "≤ 1.1 ×", changes.many, { "10": changes.few });

async function readAll({ client }: BenchWorld): Promise<void> {
  for await (const _line of client.watch({}));
}
