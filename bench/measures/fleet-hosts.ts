/** Twenty hosts with one slot each: the time for many operations, how they spread, and the memory of a daemon. */
import { type Fleet, startFleet, untilSucceeded } from "../harness/fleet.js";
import { memoryOf } from "../harness/memory.js";
import { EMPTY } from "../harness/no-op.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { compared, median } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { Submitter } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const HOSTS = 20;

export default async function manyHosts({ quick }: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null) return [{ name: "operations on twenty hosts", absent: NO_POSTGRES }];
  const count = quick ? 100 : 400;
  const rounds = quick ? 2 : 5;
  const fleet = await startFleet({ hosts: HOSTS, slots: 1, ops: EMPTY });
  const embedded = await benchWorld({ ops: EMPTY, flags: ["--concurrency", `${HOSTS}`] });
  const times = { fleet: [] as number[], embedded: [] as number[] };
  const least: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const before = ranOn(fleet);
      const ours = await run(fleet.hosts, count, round);
      const reference = await run([embedded], count, round);
      const after = ranOn(fleet);
      // The first round warms up.
      if (round === 0) continue;
      times.fleet.push(ours);
      times.embedded.push(reference);
      least.push(Math.min(...after.map((ran, n) => ran - before[n]!)));
    }
    const work = `${count} empty operations a round, submitted at one host in one request`;
    const durable = `PostgreSQL ${postgresVersion()}: ${fleet.durability}`;
    const memory = (kind: "rss" | "private") => fleet.hosts.map(({ pid }) => memoryOf(pid)[kind]);
    const beside = (kind: "rss" | "private") => ({
      what: "the embedded daemon",
      samples: memory(kind).map(() => memoryOf(embedded.pid)[kind]),
    });
    const after = `after ${count * (rounds + 1)} operations, each daemon of the ${HOSTS} a sample`;
    return [
      compared(
        `${count} operations on ${HOSTS} hosts with 1 slot each`,
        times.fleet,
        { what: `one embedded daemon with ${HOSTS} slots`, samples: times.embedded },
        { unit: "s", notes: `${work}; ${durable}` },
      ),
      {
        name: `the fewest of ${count} operations that one of ${HOSTS} hosts ran`,
        unit: "operations",
        ours: Math.min(...least),
        reference: { what: "an equal share", value: count / HOSTS },
        ratio: median(least) / (count / HOSTS),
        spread: null,
        goal: { of: "ours", atLeast: 1 },
        notes: `the worst of ${rounds} rounds; the ratio is of the median`,
      },
      compared(`a daemon of ${HOSTS} hosts, resident`, memory("rss"), beside("rss"), {
        unit: "MB",
        notes: `Rss of smaps_rollup, ${after}`,
      }),
      compared(`a daemon of ${HOSTS} hosts, private`, memory("private"), beside("private"), {
        unit: "MB",
        notes: `Private_Clean + Private_Dirty, ${after}`,
      }),
    ];
  } finally {
    embedded.stop();
    await fleet.stop();
  }
}

/** Seconds until all have succeeded. */
async function run(hosts: readonly BenchWorld[], count: number, round: number): Promise<number> {
  const { socket, client } = hosts[round % hosts.length]!;
  const submitter = new Submitter(socket, 1);
  const start = performance.now();
  // In one request, so that there is more to do than one host has slots for.
  await submitter.submit(
    Array.from({ length: count }, () => ({ op: "empty" })),
    1,
  );
  await untilSucceeded(client, count * (round + 1));
  const took = (performance.now() - start) / 1000;
  submitter.close();
  return took;
}

/** How many operations each host has run, by the server. */
function ranOn({ postgres }: Fleet): number[] {
  const sql = `select (select count(*) from liveops.operation o where o.host = h.name and state = 'succeeded')
    from liveops.host h order by name`;
  return postgres.sql(sql).split("\n").map(Number);
}
