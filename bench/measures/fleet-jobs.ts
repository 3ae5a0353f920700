/** Empty operations per second over three hosts, beside one embedded daemon and beside BullMQ on Redis. */
import { type Fleet, startFleet, untilSucceeded } from "../harness/fleet.js";
import { EMPTY } from "../harness/no-op.js";
import { HOW_TO_INSTALL, libraryVersion, Peer } from "../harness/peer.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { type Redis, redisVersion, startRedis } from "../harness/redis.js";
import { compared, interleave } from "../harness/rounds.js";
import type { Goal, MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const HOSTS = 3;
const SLOTS = 8;
/** Concurrent submits to each host. */
const AT_ONCE = 11;

type Contender = () => Promise<number>;

export default async function jobs({ quick }: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null)
    return [{ name: "empty operations/s over three hosts", absent: NO_POSTGRES }];
  const count = quick ? 150 : 600;
  const fleet = await startFleet({ hosts: HOSTS, slots: SLOTS, ops: EMPTY });
  const worlds: BenchWorld[] = [];
  const peers: Peer[] = [];
  let redis: Redis | null = null;
  try {
    const contenders: Record<string, Contender> = { fleet: onDaemons(fleet.hosts, count) };
    for (const [name, slots] of [
      ["embedded", HOSTS * SLOTS],
      ["one host's slots", SLOTS],
    ] as const) {
      const world = await benchWorld({ ops: EMPTY, flags: ["--concurrency", `${slots}`] });
      worlds.push(world);
      contenders[name] = onDaemons([world], count);
    }
    if (redisVersion() !== null && libraryVersion("bullmq") !== null) {
      redis = await startRedis("always");
      for (const sandboxed of [true, false]) {
        const settings = { socket: redis.socket, queue: `bench-${sandboxed}`, sandboxed, concurrency: SLOTS };
        const own = Array.from({ length: HOSTS }, () => new Peer("bullmq-host", settings));
        peers.push(...own);
        contenders[sandboxed ? "sandboxed" : "in-process"] = onPeers(own, count);
      }
    }
    const samples = await interleave(contenders, quick ? 2 : 9);
    return rowsOf(samples, fleet, count);
  } finally {
    for (const peer of peers) await peer.end();
    await redis?.stop();
    for (const world of worlds) world.stop();
    await fleet.stop();
  }
}

function rowsOf(samples: Record<string, number[]>, fleet: Fleet, count: number): Row[] {
  const work = `${count} a round, ${HOSTS * AT_ONCE} submits at once, spread over the hosts`;
  const durable = `PostgreSQL ${postgresVersion()} on a Unix socket: ${fleet.durability}`;
  const title = `empty operations/s on ${HOSTS} hosts with ${SLOTS} slots each`;
  const row = (what: string, of: string, notes: string, goal?: Goal): Row =>
    compared(
      `${title}, beside ${what}`,
      samples.fleet!,
      { what, samples: samples[of]! },
      { unit: "/s", notes: `${work}; ${durable}; ${notes}`, ...(goal && { goal }) },
    );
  const embedded = "embedded: fdatasync before each answer and outcome";
  const bullmq = libraryVersion("bullmq");
  const beside = (kind: string): Row =>
    samples[kind]
      ? row(
          `BullMQ ${bullmq} ${kind}`,
          kind,
          `Redis ${redisVersion()}: appendfsync always, as many processes and workers`,
        )
      : {
          name: `${title}, beside BullMQ ${kind}`,
          absent: `Redis or bullmq is not there; ${HOW_TO_INSTALL}`,
        };
  return [
    row(`one embedded daemon with ${HOSTS * SLOTS} slots`, "embedded", embedded, { of: "ratio", atLeast: 1 }),
    row(`one embedded daemon with ${SLOTS} slots`, "one host's slots", embedded),
    beside("sandboxed"),
    beside("in-process"),
  ];
}

/** Submits to all daemons; ends when all operations have succeeded. */
function onDaemons(daemons: readonly BenchWorld[], count: number): Contender {
  const share = Math.ceil(count / daemons.length);
  const atOnce = (AT_ONCE * HOSTS) / daemons.length;
  let done = 0;
  return async () => {
    const submitters = daemons.map(({ socket }) => new Submitter(socket, atOnce));
    done += share * daemons.length;
    const start = performance.now();
    await Promise.all(submitters.map((submitter) => submitter.submit({ op: "empty" }, share)));
    await untilSucceeded(daemons[0]!.client, done);
    const perSecond = ((share * daemons.length) / (performance.now() - start)) * 1000;
    for (const submitter of submitters) submitter.close();
    return perSecond;
  };
}

function onPeers(peers: readonly Peer[], count: number): Contender {
  const share = Math.ceil(count / peers.length);
  let completed = 0;
  return async () => {
    completed += share * peers.length;
    const start = performance.now();
    await Promise.all(peers.map((peer) => peer.ask({ jobs: share, atOnce: AT_ONCE, completed })));
    return ((share * peers.length) / (performance.now() - start)) * 1000;
  };
}
