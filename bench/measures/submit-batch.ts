/** Submits arrays of 500 operations, beside BullMQ's `addBulk` of as many jobs. Nothing runs meanwhile. */
import { THREE_STAGES } from "../harness/no-op.js";
import { libraryVersion, Peer, present, programVersion } from "../harness/peer.js";
import { startRedis } from "../harness/redis.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { Submitter } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const SIZE = 500;
/** Number of concurrent arrays. */
const AT_ONCE = 4;

export default async function submitBatch({ quick }: MeasureOptions): Promise<Row[]> {
  const bullmq = present("bullmq", libraryVersion("bullmq"));
  const server = present("redis-server", programVersion("redis-server"));
  const batches = quick ? 8 : 20;
  const operations = batches * SIZE;
  const config = { maxQueued: 1_000_000 };
  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", "1"], config });
  const submitter = new Submitter(world.socket, AT_ONCE);
  const redis = await startRedis();
  const peer = new Peer("bullmq", { socket: redis.socket, queue: "bulk", sandboxed: false, concurrency: 1 });
  try {
    world.run("liveops", "pause", "--all");
    const body = Array.from({ length: SIZE }, (_, n) => ({ op: "three-stages", label: `number ${n}` }));
    const samples = await interleave(
      {
        ours: async () => {
          const start = performance.now();
          await submitter.submit(body, batches);
          return (operations / (performance.now() - start)) * 1000;
        },
        bullmq: async () => {
          const question = { jobs: operations, atOnce: AT_ONCE, bulk: SIZE };
          return (await peer.ask<{ perSecond: number }>(question)).perSecond;
        },
      },
      quick ? 3 : 9,
    );
    return [
      row({
        name: `submits/s in arrays of ${SIZE}, beside BullMQ addBulk`,
        unit: "/s",
        ours: samples.ours,
        beside: { what: `BullMQ ${bullmq}`, samples: samples.bullmq },
        goal: "≥ 2 ×",
        notes: `${operations} a round, ${AT_ONCE} arrays on their way; liveops: fdatasync before each answer; Redis ${server}: appendfsync always`,
      }),
    ];
  } finally {
    submitter.close();
    await peer.end();
    await redis.stop();
    world.stop();
  }
}
