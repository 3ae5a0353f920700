/**
 * Operations of three empty stages per second, from submit to finished. Compared with BullMQ jobs that report the same
 * three stages, in a sandboxed process and in the worker's process; and with the disk work alone.
 *
 * Both sides have the same number of concurrent submits and of running jobs. Each answer to a submit comes after an
 * fdatasync; with Redis, where the AOF is synced always.
 */

import type { Operation } from "../../protocol/operation.js";
import { Finished } from "../harness/finished.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { HOW_TO_INSTALL, libraryVersion, Peer } from "../harness/peer.js";
import { type Redis, redisVersion, startRedis } from "../harness/redis.js";
import { compared, interleave } from "../harness/rounds.js";
import type { Goal, MeasureOptions, Row } from "../harness/row.js";
import { Submitter, untilDone } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

const AT_ONCE = 32;
const CONCURRENCY = 2;

interface Contender {
  name: string;
  fsync: "always" | "everysec";
  sandboxed: boolean;
  /** Progress reports per job. */
  reports: number;
  goal?: Goal;
}

const CONTENDERS: Contender[] = [
  { name: "sandboxed", fsync: "always", sandboxed: true, reports: 3, goal: { of: "ratio", atLeast: 3 } },
  { name: "in-process", fsync: "always", sandboxed: false, reports: 3, goal: { of: "ratio", atLeast: 1 } },
  { name: "sandboxed", fsync: "everysec", sandboxed: true, reports: 3 },
  { name: "in-process", fsync: "everysec", sandboxed: false, reports: 3 },
  { name: "in-process, no reports", fsync: "always", sandboxed: false, reports: 0 },
];

/** Contenders for one operation at a time: each is submitted when the previous operation has finished. */
const ONE_BY_ONE = CONTENDERS.filter(({ fsync, reports }) => fsync === "always" && reports > 0);

export default async function operations({ quick }: MeasureOptions): Promise<Row[]> {
  const jobs = quick ? 100 : 400;
  const rounds = quick ? 3 : 9;
  const few = Math.ceil(jobs / 4);
  const redis = redisVersion();
  const bullmq = libraryVersion("bullmq");
  const absent =
    redis === null
      ? `redis-server is not there; ${HOW_TO_INSTALL}`
      : bullmq === null
        ? `bullmq is not there; ${HOW_TO_INSTALL}`
        : null;

  const world = await benchWorld({ ops: THREE_STAGES, flags: ["--concurrency", `${CONCURRENCY}`] });
  const submitter = new Submitter(world.socket, AT_ONCE);
  const servers: Redis[] = [];
  const peers: Peer[] = [];
  try {
    const contenders: Record<string, () => Promise<number>> = {
      liveops: async () => {
        const start = performance.now();
        await submitter.submit({ op: "three-stages" }, jobs);
        await untilDone(world.client);
        return perSecond(jobs, start);
      },
      "liveops one": async () => {
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
    };
    const bare = Array.from({ length: CONCURRENCY }, () => new Peer("events-alone", {}));
    peers.push(...bare);
    contenders.disk = async () => {
      const ask = { jobs: Math.ceil(jobs / CONCURRENCY) };
      const rates = await Promise.all(bare.map((peer) => peer.ask<{ perSecond: number }>(ask)));
      return rates.reduce((sum, { perSecond }) => sum + perSecond, 0);
    };
    if (absent === null) {
      const always = await startRedis("always");
      servers.push(always);
      const everysec = await startRedis("everysec");
      servers.push(everysec);
      for (const [index, { fsync, sandboxed, reports }] of CONTENDERS.entries()) {
        const socket = (fsync === "always" ? always : everysec).socket;
        const settings = { socket, queue: `bench${index}`, sandboxed, reports, concurrency: CONCURRENCY };
        const peer = new Peer("bullmq", settings);
        peers.push(peer);
        contenders[index] = async () =>
          (await peer.ask<{ perSecond: number }>({ jobs, atOnce: AT_ONCE })).perSecond;
        if (ONE_BY_ONE.includes(CONTENDERS[index]!))
          contenders[`${index} one`] = async () =>
            1000 / (await peer.ask<{ perSecond: number }>({ jobs: few, oneByOne: true })).perSecond;
      }
    }
    const samples = await interleave(contenders, rounds);
    const limit = compared(
      "operations/s, three empty stages, beside their events alone",
      samples.liveops!,
      { what: "its names and 8 events, synced", samples: samples.disk! },
      {
        unit: "/s",
        notes: `the disk's limit: ${CONCURRENCY} bare processes that make an operation's directories and write its durable events, and do nothing else`,
      },
    );
    const times = ONE_BY_ONE.map(({ name, fsync }): Row => {
      const title = `submit to finished, one at a time, beside BullMQ ${name}, AOF ${fsync}`;
      if (absent !== null) return { name: title, absent };
      const index = CONTENDERS.findIndex((each) => each.name === name && each.fsync === fsync);
      const beside = { what: `BullMQ ${bullmq}`, samples: samples[`${index} one`]! };
      return compared(title, samples["liveops one"]!, beside, {
        unit: "ms",
        notes: `${few} a round, each submitted when the one before has finished`,
      });
    });
    const rows = CONTENDERS.map(({ name, fsync, goal }, index) => {
      const title = `operations/s, three empty stages, beside BullMQ ${name}, AOF ${fsync}`;
      if (absent !== null) return { name: title, absent };
      return compared(
        title,
        samples.liveops!,
        { what: `BullMQ ${bullmq}`, samples: samples[index]! },
        {
          unit: "/s",
          ...(goal && { goal }),
          notes: `${jobs} a round, ${AT_ONCE} submits at once, ${CONCURRENCY} run at a time; liveops: fdatasync before each answer and at each stage, isolated workers; Redis ${redis}: appendfsync ${fsync}`,
        },
      );
    });
    return [...rows, limit, ...times];
  } finally {
    submitter.close();
    for (const peer of peers) await peer.end();
    for (const server of servers) await server.stop();
    world.stop();
  }
}

function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1000;
}
