/** What hosts without work cost: transactions and processor time of the server, processor time of a daemon. */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, cpuSecondsOfAll } from "../harness/cpu.js";
import { type Fleet, startFleet } from "../harness/fleet.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { alone } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

interface Cost {
  /** Transactions per second. */
  transactions: number;
  /** Shares of a core, in percent. */
  server: number;
  daemon: number;
}

export default async function idleHosts({ quick }: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null) return [{ name: "idle hosts of a fleet", absent: NO_POSTGRES }];
  const seconds = quick ? 5 : 30;
  const rows: Row[] = [];
  for (const hosts of [1, 20]) {
    const fleet = await startFleet({ hosts, slots: 1 });
    const embedded = await benchWorld();
    try {
      for (const world of [...fleet.hosts, embedded]) await warm(world);
      await sleep(quick ? 2000 : 10_000);
      const embeddedBefore = cpuSeconds(embedded.pid);
      const { transactions, server, daemon } = await costOf(fleet, seconds);
      const reference = ((cpuSeconds(embedded.pid) - embeddedBefore) / seconds) * 100;
      const name = hosts === 1 ? "1 idle host" : `${hosts} idle hosts`;
      const notes = `over ${seconds} s, nobody watches`;
      rows.push(
        alone(`${name}: transactions on the server`, [transactions], {
          unit: "/s",
          notes: `${notes}; pg_stat_database of PostgreSQL ${postgresVersion()}; ${(transactions / hosts).toFixed(2)} for each host`,
        }),
        alone(`${name}: CPU of the server`, [server], {
          unit: "% of a core",
          notes: `${notes}; all processes of the server`,
        }),
        {
          ...alone(`${name}: CPU of a daemon`, [daemon], { unit: "% of a core", notes: `${notes}; mean` }),
          reference: { what: "an idle embedded daemon", value: reference },
        },
      );
    } finally {
      embedded.stop();
      await fleet.stop();
    }
  }
  return rows;
}

/** Loader and worker are warm when the types answer and a worker idles. */
async function warm({ client }: BenchWorld): Promise<void> {
  await client.types();
  while ((await client.daemon()).workers.idle === 0) await sleep(20);
}

async function costOf({ postgres, hosts }: Fleet, seconds: number): Promise<Cost> {
  const look = () => ({
    transactions: Number(
      postgres.sql("select xact_commit + xact_rollback from pg_stat_database where datname = 'postgres'"),
    ),
    server: cpuSecondsOfAll(postgres.pid),
    daemons: hosts.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    at: performance.now(),
  });
  const before = look();
  await sleep(seconds * 1000);
  const after = look();
  const took = (after.at - before.at) / 1000;
  return {
    // The question itself is one transaction.
    transactions: (after.transactions - before.transactions - 1) / took,
    server: ((after.server - before.server) / took) * 100,
    daemon: ((after.daemons - before.daemons) / took / hosts.length) * 100,
  };
}
