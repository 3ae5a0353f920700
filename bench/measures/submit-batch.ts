/**
 * Submits arrays of 500 operations, beside BullMQ's `addBulk` of as many jobs. Nothing runs
 * meanwhile.
 */
import { isQuick, rounds, row } from "../harness/measure.js";
import { Peer, startRedis } from "../harness/peers.js";
import { Submitter } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const SIZE = 500;
/** Number of concurrent arrays. */
const AT_ONCE = 4;

const batches = isQuick ? 8 : 20;
const jobs = batches * SIZE;
const world = await benchWorld({ config: { maxQueued: 1_000_000 } });
world.run("liveops", "pause", "--all");
const bullmq = new Peer("bullmq", { socket: await startRedis(), queue: "bulk", slots: 1 });
const body = Array.from({ length: SIZE }, (_, n) => ({ op: "three-stages", label: `number ${n}` }));

const samples = await rounds(9, {
  ours: async () => {
    const start = performance.now();
    const submitter = new Submitter(world.socket);
    await submitter.submit(body, batches, AT_ONCE);
    submitter.end();
    return (jobs / (performance.now() - start)) * 1000;
  },
  bullmq: () => bullmq.ask({ jobs, atOnce: AT_ONCE, size: SIZE }),
});
row(`submits/s in arrays of ${SIZE}`, "/s", "≥ 2 ×", samples.ours, {
  "BullMQ addBulk": samples.bullmq,
});
