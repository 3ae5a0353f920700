/**
 * Operations of three empty stages per second, from submit to finished, the time of one operation at a time, and the
 * CPU time of an operation. Compared with BullMQ jobs that report the same three stages, in a sandboxed process and in
 * the worker's process.
 *
 * Both sides have the same number of concurrent submits and of running jobs. Each answer to a submit comes after an
 * fdatasync.
 */

import type { Operation } from "../../protocol/operation.js";
import { cpuOfThreads, processTree } from "../harness/cpu.js";
import { Finished } from "../harness/finished.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { HOW_TO_INSTALL, libraryVersion, Peer } from "../harness/peer.js";
import { type Redis, redisVersion, startRedis } from "../harness/redis.js";
import { alone, compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter, untilDone } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const AT_ONCE = 32;
const CONCURRENCY = 2;

/** Processors of BullMQ, and the goal beside each. */
const PROCESSORS = { sandboxed: 0.6, "in-process": 1.2 };
type Processor = keyof typeof PROCESSORS;
const names = Object.keys(PROCESSORS) as Processor[];

export default async function operations({ quick }: MeasureOptions): Promise<Row[]> {
  const jobs = quick ? 100 : 400;
  const rounds = quick ? 3 : 9;
  const few = Math.ceil(jobs / 4);
  const bullmq = libraryVersion("bullmq");
  const title = (name: Processor) => `operations/s, three empty stages, beside BullMQ ${name}`;
  const oneTitle = "submit to finished, one at a time, beside BullMQ in-process";
  const cpuTitle = "CPU of an operation of three empty stages";
  if (redisVersion() === null || bullmq === null) {
    const absent = `${bullmq === null ? "bullmq" : "redis-server"} is not there; ${HOW_TO_INSTALL}`;
    return [...names.map(title), oneTitle, cpuTitle].map((name) => ({ name, absent }));
  }

  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", `${CONCURRENCY}`] });
  const submitter = new Submitter(world.socket, AT_ONCE);
  let redis: Redis | null = null;
  const peers: Peer[] = [];
  /** Of each round, the one that warms up included. */
  const cpuOfRounds: number[] = [];
  const cpu = () => processTree(world.pid).reduce((sum, pid) => sum + cpuOfThreads(pid), 0);
  try {
    redis = await startRedis();
    const { socket } = redis;
    const peer = (name: Processor) => {
      const sandboxed = name === "sandboxed";
      const made = new Peer("bullmq", { socket, queue: name, sandboxed, concurrency: CONCURRENCY });
      peers.push(made);
      return async (question: object) => (await made.ask<{ perSecond: number }>(question)).perSecond;
    };
    const [sandboxed, inProcess] = [peer("sandboxed"), peer("in-process")];
    const samples = await interleave(
      {
        liveops: async () => {
          const before = cpu();
          const start = performance.now();
          await submitter.submit({ op: "three-stages" }, jobs);
          await untilDone(world.client);
          const perSecond = (jobs / (performance.now() - start)) * 1000;
          cpuOfRounds.push((cpu() - before) / jobs);
          return perSecond;
        },
        liveopsOne: async () => {
          const body = Buffer.from(JSON.stringify({ op: "three-stages" }));
          // Opened only here: a watcher of all operations would slow the other rounds.
          const finished = await Finished.of(world.client);
          const start = performance.now();
          for (let n = 0; n < few; n++) {
            const { id } = JSON.parse(await submitter.post(body)) as Operation;
            await finished.wait(id);
          }
          const took = performance.now() - start;
          finished.close();
          return took / few;
        },
        sandboxed: () => sandboxed({ jobs, atOnce: AT_ONCE }),
        "in-process": () => inProcess({ jobs, atOnce: AT_ONCE }),
        bullmqOne: async () => 1000 / (await inProcess({ jobs: few, oneByOne: true })),
      },
      rounds,
    );
    const what = `BullMQ ${bullmq}`;
    return [
      ...names.map((name) =>
        compared(
          title(name),
          samples.liveops,
          { what, samples: samples[name] },
          {
            unit: "/s",
            goal: { of: "ratio", atLeast: PROCESSORS[name] },
            notes: `${jobs} a round, ${AT_ONCE} submits at once, ${CONCURRENCY} run at a time; liveops: fdatasync before each answer and at each stage, isolated workers; Redis ${redisVersion()}: appendfsync always`,
          },
        ),
      ),
      compared(
        oneTitle,
        samples.liveopsOne,
        { what, samples: samples.bullmqOne },
        {
          unit: "ms",
          goal: { of: "ratio", atMost: 1.2 },
          notes: `${few} a round, each submitted when the one before has finished`,
        },
      ),
      alone(cpuTitle, cpuOfRounds.slice(1), {
        unit: "ms",
        goal: { of: "ours", atMost: 1.6 },
        notes: `user and system time of daemon, loader and workers; ${jobs} a round`,
      }),
    ];
  } finally {
    submitter.close();
    for (const peer of peers) await peer.end();
    await redis?.stop();
    world.stop();
  }
}
