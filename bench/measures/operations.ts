/**
 * Operations of three empty stages per second, from submit to finished, the time of one operation at a time, and the
 * CPU time of an operation. Compared with BullMQ jobs that report the same three stages, in a sandboxed process and in
 * the worker's process.
 *
 * Both sides have the same number of concurrent submits and of running jobs. Each answer to a submit comes after an
 * fdatasync.
 */
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { libraryVersion, Peer, present, programVersion } from "../harness/peer.js";
import { cpuOfTree } from "../harness/processes.js";
import { startRedis } from "../harness/redis.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { Submitter, untilAllSucceeded } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const AT_ONCE = 32;
const CONCURRENCY = 2;

/** Processors of BullMQ, and the goal beside each. */
const PROCESSORS = { sandboxed: "≥ 0.6 ×", "in-process": "≥ 1.2 ×" };
type Processor = keyof typeof PROCESSORS;

export default async function operations({ quick }: MeasureOptions): Promise<Row[]> {
  const what = `BullMQ ${present("bullmq", libraryVersion("bullmq"))}`;
  const server = present("redis-server", programVersion("redis-server"));
  const jobs = quick ? 100 : 400;
  const few = Math.ceil(jobs / 4);
  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", `${CONCURRENCY}`] });
  const submitter = new Submitter(world.socket, AT_ONCE);
  const redis = await startRedis();
  const peers: Peer[] = [];
  const peer = (queue: Processor) => {
    const sandboxed = queue === "sandboxed";
    const made = new Peer("bullmq", { socket: redis.socket, queue, sandboxed, concurrency: CONCURRENCY });
    peers.push(made);
    return async (question: object) => (await made.ask<{ perSecond: number }>(question)).perSecond;
  };
  /** Of each round, the one that warms up included. */
  const cpu: number[] = [];
  let done = 0;
  try {
    const [sandboxed, inProcess] = [peer("sandboxed"), peer("in-process")];
    const samples = await interleave(
      {
        liveops: async () => {
          const before = cpuOfTree(world.pid);
          const start = performance.now();
          await submitter.submit({ op: "three-stages" }, jobs);
          done += jobs;
          await untilAllSucceeded(world.client, done);
          const perSecond = (jobs / (performance.now() - start)) * 1000;
          cpu.push((cpuOfTree(world.pid) - before) / jobs);
          return perSecond;
        },
        liveopsOne: async () => {
          done += few;
          return (await oneByOne(world, submitter, few)) / few;
        },
        sandboxed: () => sandboxed({ jobs, atOnce: AT_ONCE }),
        "in-process": () => inProcess({ jobs, atOnce: AT_ONCE }),
        bullmqOne: async () => 1000 / (await inProcess({ jobs: few, oneByOne: true })),
      },
      quick ? 3 : 9,
    );
    return [
      ...(["sandboxed", "in-process"] as const).map((name) =>
        row({
          name: `operations/s, three empty stages, beside BullMQ ${name}`,
          unit: "/s",
          ours: samples.liveops,
          beside: { what, samples: samples[name] },
          goal: PROCESSORS[name],
          notes: `${jobs} a round, ${AT_ONCE} submits at once, ${CONCURRENCY} run at a time; liveops: fdatasync before each answer and at each stage, isolated workers; Redis ${server}: appendfsync always`,
        }),
      ),
      row({
        name: "submit to finished, one at a time, beside BullMQ in-process",
        unit: "ms",
        ours: samples.liveopsOne,
        beside: { what, samples: samples.bullmqOne },
        goal: "≤ 1.2 ×",
        notes: `${few} a round, each submitted when the one before has finished`,
      }),
      row({
        name: "CPU of an operation of three empty stages",
        unit: "ms",
        ours: cpu.slice(1),
        goal: "≤ 2 ms",
        notes: `user and system time of daemon, loader and workers; ${jobs} a round`,
      }),
    ];
  } finally {
    submitter.close();
    for (const each of peers) await each.end();
    await redis.stop();
    world.stop();
  }
}

/** Milliseconds of so many operations, each submitted when the one before has finished. */
async function oneByOne({ client }: BenchWorld, submitter: Submitter, count: number): Promise<number> {
  const body = Buffer.from(JSON.stringify({ op: "three-stages" }));
  // Opened only here: a watcher of all operations would slow the other rounds.
  const watching = new AbortController();
  const lines = client.watch({}, watching.signal);
  await lines.next();
  const finished = new Set<string>();
  const start = performance.now();
  for (let n = 0; n < count; n++) {
    const { id } = JSON.parse(await submitter.post(body)) as Operation;
    while (!finished.has(id)) {
      const { value: line } = await lines.next();
      if (line?.type === "changed" && line.patch.state && isFinal(line.patch.state)) finished.add(line.id);
    }
  }
  const took = performance.now() - start;
  watching.abort(new Error("done"));
  return took;
}
