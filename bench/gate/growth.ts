/**
 * Growth with the queue: CPU time with 10,000 queued beside 1,000. A cost that does not grow gives
 * 1, a linear one 10.
 */
import { rounds, row } from "../harness/measure.js";
import { ASKED, bytesOfSnapshot, cpuOf, withQueue } from "../harness/queues.js";

const [few, many] = [await withQueue(1000), await withQueue(10_000)];
// Before the changes, whose operations are in the snapshot too.
row("size of a snapshot, 10,000 queued", "bytes", null, [await bytesOfSnapshot(many.client)]);
for (const name of Object.keys(ASKED) as Array<keyof typeof ASKED>) {
  const samples = await rounds(9, { few: () => cpuOf(few, name), many: () => cpuOf(many, name) });
  row(`${name}, 10,000 queued`, "µs", null, samples.many, { "1,000": samples.few });
}
