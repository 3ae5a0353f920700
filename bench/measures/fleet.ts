/**
 * A fleet on one machine, beside one embedded daemon on the same cores: empty operations a second on three hosts, and the
 * delay of a log line from an operation on host a to a watcher at host b.
 */
import { execFileSync } from "node:child_process";
import type { Client } from "../../protocol/client/client.js";
import { EMITS, EMPTY } from "../harness/no-op.js";
import { present } from "../harness/peer.js";
import { postgresVersion, startPostgres } from "../harness/postgres.js";
import { interleave, type MeasureOptions, percentile, type Row, row } from "../harness/rows.js";
import { delaysOf, Submitter, untilAllSucceeded } from "../harness/submitter.js";
import { type BenchWorld, benchWorld, bin, cleanEnv, node } from "../harness/world.js";

const HOSTS = ["a", "b", "c"];
const SLOTS = 8;
/** Concurrent submits to each host. */
const AT_ONCE = 11;
const RATES = [100, 1000];
/** Time for the watcher to connect and for both sides to follow the operation. */
const AFTER_MS = 1000;
const OPS = { ...EMPTY, ...EMITS };

export default async function fleet({ quick }: MeasureOptions): Promise<Row[]> {
  const version = present("PostgreSQL", postgresVersion());
  const postgres = await startPostgres();
  const hosts: BenchWorld[] = [];
  const slots = SLOTS * HOSTS.length;
  const embedded = await benchWorld({ ops: OPS, flags: ["--concurrency", `${slots}`] });
  try {
    const migrate = postgres.migrateWords(postgres.url("postgres"));
    execFileSync(node, [bin("liveopsd"), ...migrate], { env: cleanEnv(), stdio: "pipe" });
    const [url, , passwordFile] = migrate.slice(-3) as [string, string, string];
    for (const host of HOSTS)
      hosts.push(
        await benchWorld({
          ops: OPS,
          flags: ["--concurrency", `${SLOTS}`],
          config: { fleet: { url, passwordFile, host } },
        }),
      );
    const server = `PostgreSQL ${version} on a Unix socket: fsync and synchronous_commit on`;
    const what = `one embedded daemon with ${slots} slots`;
    const count = quick ? 150 : 600;
    const samples = await interleave(
      { fleet: onDaemons(hosts, count), embedded: onDaemons([embedded], count) },
      quick ? 2 : 9,
    );
    const rows = [
      row({
        name: `empty operations/s on ${HOSTS.length} hosts with ${SLOTS} slots each`,
        unit: "/s",
        ours: samples.fleet,
        beside: { what, samples: samples.embedded },
        goal: "≥ 0.6 ×",
        notes: `${count} a round, ${HOSTS.length * AT_ONCE} submits at once, spread over the hosts; ${server}; embedded: fdatasync before each answer and outcome`,
      }),
    ];
    for (const perSecond of RATES)
      rows.push(...(await delays(hosts[1]!.client, embedded.client, perSecond, quick)));
    return rows;
  } finally {
    for (const host of [...hosts, embedded]) host.stop();
    await postgres.stop();
  }
}

/** Submits to all daemons; ends when all operations have succeeded. */
function onDaemons(daemons: readonly BenchWorld[], count: number): () => Promise<number> {
  const share = Math.ceil(count / daemons.length);
  const atOnce = (AT_ONCE * HOSTS.length) / daemons.length;
  let done = 0;
  return async () => {
    const submitters = daemons.map(({ socket }) => new Submitter(socket, atOnce));
    done += share * daemons.length;
    const start = performance.now();
    await Promise.all(submitters.map((submitter) => submitter.submit({ op: "empty" }, share)));
    await untilAllSucceeded(daemons[0]!.client, done);
    const perSecond = ((share * daemons.length) / (performance.now() - start)) * 1000;
    for (const submitter of submitters) submitter.close();
    return perSecond;
  };
}

async function delays(fleet: Client, embedded: Client, perSecond: number, quick: boolean): Promise<Row[]> {
  const seconds = quick ? 3 : 5;
  const count = perSecond * seconds;
  const params = { perSecond, seconds, afterMs: AFTER_MS };
  const p99 = { fleet: [] as number[], embedded: [] as number[] };
  const round = (name: keyof typeof p99, client: Client, on: { on?: string }) => async () => {
    const delays = await delaysOf(client, { op: "emits", params, ...on }, count);
    p99[name].push(percentile(delays, 0.99));
    return percentile(delays, 0.5);
  };
  const p50 = await interleave(
    { fleet: round("fleet", fleet, { on: "a" }), embedded: round("embedded", embedded, {}) },
    quick ? 2 : 7,
  );
  const line = (name: string, ours: number[], samples: number[], goal: string) =>
    row({
      name: `a line on host a to a watcher at host b, ${perSecond} lines/s, ${name}`,
      unit: "ms",
      ours,
      beside: { what: "one embedded daemon", samples },
      goal,
      notes: `${seconds} s a round; no line is missing; lines are not synced`,
    });
  return [
    line("p50", p50.fleet, p50.embedded, "≤ 25 ms"),
    line("p99", p99.fleet.slice(1), p99.embedded.slice(1), "≤ 150 ms"),
  ];
}
