/** Delay of a log line from an operation on host a to a watcher at host b, beside the same with one embedded daemon. */
import type { Client } from "../../protocol/client/client.js";
import { startFleet } from "../harness/fleet.js";
import { EMITS } from "../harness/no-op.js";
import { percentile } from "../harness/percentile.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld } from "../harness/world.js";

const RATES = [100, 1000];

/** Time for the watcher to connect and for both sides to follow the operation. */
const AFTER_MS = 1000;

const now = () => performance.timeOrigin + performance.now();

export default async function lag({ quick }: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null)
    return [{ name: "a line on host a to a watcher at host b", absent: NO_POSTGRES }];
  const seconds = quick ? 3 : 5;
  const fleet = await startFleet({ hosts: 2, slots: 2, ops: EMITS });
  const embedded = await benchWorld({ ops: EMITS });
  const durable = `lines are not synced; PostgreSQL ${postgresVersion()} on a Unix socket: pieces are committed with synchronous_commit off (${fleet.durability})`;
  try {
    const rows: Row[] = [];
    for (const perSecond of RATES) {
      const p99 = { fleet: [] as number[], embedded: [] as number[] };
      const round = (name: keyof typeof p99, client: Client, on?: string) => async () => {
        const delays = await delaysOf(client, { perSecond, seconds }, on);
        p99[name].push(percentile(delays, 0.99));
        return percentile(delays, 0.5);
      };
      const p50 = await interleave(
        {
          fleet: round("fleet", fleet.hosts[1]!.client, "a"),
          embedded: round("embedded", embedded.client),
        },
        quick ? 2 : 7,
      );
      const notes = `${seconds} s a round; no line is missing; ${durable}`;
      const row = (name: string, ours: number[], samples: number[], atMost: number) =>
        compared(
          `a line on host a to a watcher at host b, ${perSecond} lines/s, ${name}`,
          ours,
          { what: "one embedded daemon", samples },
          { unit: "ms", goal: { of: "ours", atMost }, notes },
        );
      rows.push(
        row("p50", p50.fleet, p50.embedded, 25),
        row("p99", p99.fleet.slice(1), p99.embedded.slice(1), 150),
      );
    }
    return rows;
  } finally {
    embedded.stop();
    await fleet.stop();
  }
}

async function delaysOf(
  client: Client,
  { perSecond, seconds }: { perSecond: number; seconds: number },
  on?: string,
): Promise<number[]> {
  const params = { perSecond, seconds, afterMs: AFTER_MS };
  const { id } = await client.submit({ op: "emits", params, ...(on && { on }) }, crypto.randomUUID());
  const delays: number[] = [];
  for await (const line of client.watch({ operation: id, log: true }))
    if (line.type === "log") for (const { text } of line.lines) delays.push(now() - Number(text));
  if (delays.length !== perSecond * seconds)
    throw new Error(`${delays.length} of ${perSecond * seconds} lines came`);
  return delays;
}
