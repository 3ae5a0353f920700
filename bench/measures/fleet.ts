import { isQuick, rounds, row } from "../harness/measure.js";
import { startPostgres } from "../harness/peers.js";
import { quantile } from "../harness/rows.js";
import { delaysOf, Submitter, untilAllSucceeded } from "../harness/submitter.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const HOSTS = ["a", "b", "c"];
const SLOTS = 8;
/** Concurrent submits to each host. */
const AT_ONCE = 11;
const PER_SECOND = 1000;

const postgres = await startPostgres();
const url = postgres.url("postgres");
const embedded = await benchWorld({ slots: SLOTS * HOSTS.length });
const hosts: BenchWorld[] = [];
for (const host of HOSTS)
  hosts.push(await benchWorld({ slots: SLOTS, config: { fleet: { url, host } } }));

const count = isQuick ? 150 : 600;
const rates = await rounds(7, { fleet: onDaemons(hosts), embedded: onDaemons([embedded]) });
row(`empty operations on ${HOSTS.length} hosts`, "/s", "≥ 0.6 ×", rates.fleet, {
  "one embedded daemon": rates.embedded,
});

/** Operations a second, submitted to all of the daemons. */
function onDaemons(daemons: readonly BenchWorld[]): () => Promise<number> {
  const atOnce = (AT_ONCE * HOSTS.length) / daemons.length;
  let done = 0;
  return async () => {
    done += count;
    const start = performance.now();
    const submits = daemons.map(async ({ socket }) => {
      const submitter = new Submitter(socket);
      await submitter.submit({ op: "empty" }, count / daemons.length, atOnce);
      submitter.end();
    });
    await Promise.all(submits);
    await untilAllSucceeded(daemons[0]!.client, done);
    return (count / (performance.now() - start)) * 1000;
  };
}

const seconds = isQuick ? 3 : 5;
// The operation begins when the watcher has connected and both sides follow it.
const body = { op: "emits", params: { perSecond: PER_SECOND, seconds, afterMs: 1000 } };
const { delays } = await rounds(5, {
  delays: () => delaysOf(hosts[1]!.client, { ...body, on: "a" }, PER_SECOND * seconds),
});
const quantiles = (share: number) => delays.map((round) => quantile(round, share));
row("a line to another host, p50", "ms", "≤ 25 ms", quantiles(0.5));
row("a line to another host, p99", "ms", "≤ 150 ms", quantiles(0.99));
