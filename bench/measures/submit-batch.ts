/**
 * Submits arrays of 500 operations, compared with a loop in one process that appends the same records to the daemon's
 * journal. The difference is the cost of HTTP, schemas, the loader and memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../daemon/store/decision.js";
import { Journal } from "../../daemon/store/journal.js";
import { submission } from "../harness/history.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const SIZE = 500;
/** Number of concurrent arrays. */
const AT_ONCE = 4;

export default async function submitBatch({ quick }: MeasureOptions): Promise<Row[]> {
  const batches = quick ? 8 : 20;
  const rounds = quick ? 3 : 9;
  const operations = batches * SIZE;
  const world = await benchWorld({
    ops: THREE_STAGES,
    flags: ["--concurrency", "1"],
    config: { maxQueued: 1_000_000 },
  });
  const submitter = new Submitter(world.socket, AT_ONCE);
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const journal = new Journal<Decision>({
    dir,
    last: 0,
    onDurable: () => {},
    onBroken: (error) => {
      throw error;
    },
  });
  try {
    // The only worker is busy, so that submitted operations stay queued and take no CPU from the measure.
    world.run("liveops", "submit", "shell", "--", "sleep", "3600");
    await journal.start();
    const samples = await interleave(
      {
        batch: () =>
          rate(operations, () => {
            const body = Array.from({ length: SIZE }, (_, n) => ({
              op: "three-stages",
              label: `number ${n}`,
            }));
            return submitter.submit(body, batches);
          }),
        journal: () => rate(operations, () => appendAll(journal, batches)),
      },
      rounds,
    );
    const beside = { what: "the journal in a loop", samples: samples.journal };
    return [
      compared("submits/s in arrays of 500", samples.batch, beside, {
        unit: "/s",
        goal: { of: "ratio", atLeast: 0.4 },
        notes: `${operations} a round, ${AT_ONCE} arrays on their way; the loop: daemon/store's journal in one process, as many at once; fdatasync before each answer on both sides`,
      }),
    ];
  } finally {
    submitter.close();
    await journal.stop();
    world.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function rate(count: number, task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return (count / (performance.now() - start)) * 1000;
}

async function appendAll(journal: Journal<Decision>, batches: number): Promise<void> {
  let left = batches;
  const one = async () => {
    while (left-- > 0) {
      const at = new Date().toISOString();
      await Promise.all(Array.from({ length: SIZE }, (_, n) => journal.append(submission(n, at))));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
