/**
 * Growth with the queue: CPU time of the daemon with 10,000 queued operations beside 1,000. A cost that does not grow
 * gives 1, a linear cost 10.
 */
import { median } from "../harness/rows.js";
import { submitBatch } from "../harness/submitter.js";
import type { BenchWorld } from "../harness/world.js";
import { bytesOfSnapshot, cpuOf, withQueues } from "../measures/growth.js";
import type { GateRow } from "./bounds.js";

const ROUNDS = 9;

/** What is asked, and how often in a round. */
const ASKED: Record<string, readonly [times: number, ask: (world: BenchWorld) => Promise<unknown>]> = {
  "list page": [20, ({ client }) => client.list({ limit: 20 })],
  forecast: [20, ({ client }) => client.forecast()],
  submit: [20, (world) => submitBatch(world, 1)],
  "watch snapshot": [4, ({ client }) => bytesOfSnapshot(client)],
};

export default function growth(): Promise<GateRow[]> {
  return withQueues([1000, 10_000], 0, async (worlds) => {
    const [few, many] = worlds as [BenchWorld, BenchWorld];
    const rows: GateRow[] = [];
    for (const [name, [times, ask]] of Object.entries(ASKED)) {
      const ratios: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        const [a, b] = [await cpuOf(few, times, ask), await cpuOf(many, times, ask)];
        if (round > 0) ratios.push(b / a);
      }
      // Less than 1 is chance.
      const value = Math.max(1, median(ratios));
      rows.push({ name: `${name}: CPU, 10,000 queued beside 1,000`, value, room: 0.3 });
    }
    const value = await bytesOfSnapshot(many.client);
    return [...rows, { name: "watch snapshot: bytes, 10,000 queued", value, room: 0.05 }];
  });
}
