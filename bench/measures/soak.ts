/**
 * Checks that the daemon's memory stays flat over 200,000 operations of three empty stages, each through submit,
 * worker, journal, history and retention.
 */
import { memoryOf } from "../harness/memory.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { median, quartiles } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter, untilDone } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

/** Number of operations that are submitted, then waited for. */
const CHUNK = 500;

export default async function soak({ quick }: MeasureOptions): Promise<Row[]> {
  const total = quick ? 5_000 : 200_000;
  const world = await benchWorld({ ops: THREE_STAGES });
  const submitter = new Submitter(world.socket, 32);
  const sizes: number[] = [];
  const start = performance.now();
  try {
    for (let done = 0; done < total; done += CHUNK) {
      await submitter.submit({ op: "three-stages" }, CHUNK);
      await untilDone(world.client);
      sizes.push(memoryOf(world.pid).rss);
    }
  } finally {
    submitter.close();
    world.stop();
  }
  const third = Math.floor(sizes.length / 3);
  const [middle, last] = [sizes.slice(third, 2 * third), sizes.slice(2 * third)];
  const perSecond = (total / (performance.now() - start)) * 1000;
  return [
    {
      name: `daemon's memory over ${total} operations, last third`,
      unit: "MB",
      ours: median(last),
      reference: { what: "middle third", value: median(middle) },
      ratio: median(last) / median(middle),
      spread: quartiles(last.map((size) => size / median(middle))),
      goal: { of: "ratio", atMost: 1.1 },
      notes: `Rss of smaps_rollup each ${CHUNK}; the first third is what it takes to warm up; ${perSecond.toFixed(0)} operations/s`,
    },
  ];
}
