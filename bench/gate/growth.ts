/** Growth with the queue: CPU time with 10,000 queued beside 1,000. A cost that does not grow gives 1, a linear one 10. */
import { gateRow, rounds } from "../harness/measure.js";
import { ASKED, bytesOfSnapshot, cpuOf, withQueue } from "../harness/queues.js";

const [few, many] = [await withQueue(1000), await withQueue(10_000)];
for (const name of Object.keys(ASKED) as Array<keyof typeof ASKED>) {
  const samples = await rounds(9, { few: () => cpuOf(few, name), many: () => cpuOf(many, name) });
  gateRow(`${name}: CPU, 10,000 queued beside 1,000`, samples.many, { "1,000 queued": samples.few });
}
gateRow("a snapshot: bytes, 10,000 queued", [await bytesOfSnapshot(many.client)]);
