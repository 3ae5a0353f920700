/** Empty operations per second over three hosts, beside one embedded daemon. */
import { startFleet, untilSucceeded } from "../harness/fleet.js";
import { EMPTY } from "../harness/no-op.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const HOSTS = 3;
const SLOTS = 8;
/** Concurrent submits to each host. */
const AT_ONCE = 11;

export default async function jobs({ quick }: MeasureOptions): Promise<Row[]> {
  const what = `one embedded daemon with ${HOSTS * SLOTS} slots`;
  const name = `empty operations/s on ${HOSTS} hosts with ${SLOTS} slots each, beside ${what}`;
  if (postgresVersion() === null) return [{ name, absent: NO_POSTGRES }];
  const count = quick ? 150 : 600;
  const fleet = await startFleet({ hosts: HOSTS, slots: SLOTS, ops: EMPTY });
  const embedded = await benchWorld({ ops: EMPTY, flags: ["--concurrency", `${HOSTS * SLOTS}`] });
  try {
    const samples = await interleave(
      { fleet: onDaemons(fleet.hosts, count), embedded: onDaemons([embedded], count) },
      quick ? 2 : 9,
    );
    return [
      compared(
        name,
        samples.fleet,
        { what, samples: samples.embedded },
        {
          unit: "/s",
          goal: { of: "ratio", atLeast: 0.7 },
          notes: `${count} a round, ${HOSTS * AT_ONCE} submits at once, spread over the hosts; PostgreSQL ${postgresVersion()} on a Unix socket: ${fleet.durability}; embedded: fdatasync before each answer and outcome`,
        },
      ),
    ];
  } finally {
    embedded.stop();
    await fleet.stop();
  }
}

/** Submits to all daemons; ends when all operations have succeeded. */
function onDaemons(daemons: readonly BenchWorld[], count: number): () => Promise<number> {
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
