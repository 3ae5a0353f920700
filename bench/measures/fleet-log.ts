/** A log of 64 MiB that an operation on host a writes and a client of host b reads, beside one embedded daemon. */
import type { Client } from "../../protocol/client/client.js";
import { startFleet } from "../harness/fleet.js";
import { FLOOD } from "../harness/no-op.js";
import { NO_POSTGRES, postgresVersion } from "../harness/postgres.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { benchWorld } from "../harness/world.js";

const now = () => performance.timeOrigin + performance.now();

export default async function largeLog({ quick }: MeasureOptions): Promise<Row[]> {
  if (postgresVersion() === null) return [{ name: "a large log, read on another host", absent: NO_POSTGRES }];
  const mib = quick ? 8 : 64;
  // As stored, a line is longer than its text; nothing of the log is cut.
  const config = { maxLog: 1024 * 1024 * 1024 };
  const fleet = await startFleet({ hosts: 2, slots: 1, ops: FLOOD, config });
  const embedded = await benchWorld({ ops: FLOOD, config });
  const afterEnd = { fleet: [] as number[], embedded: [] as number[] };
  try {
    const round = (name: keyof typeof afterEnd, client: Client, on?: string) => async () => {
      const read = await readLog(client, mib, on);
      afterEnd[name].push(read.afterEnd);
      return read.total;
    };
    const total = await interleave(
      {
        fleet: round("fleet", fleet.hosts[1]!.client, "a"),
        embedded: round("embedded", embedded.client),
      },
      quick ? 1 : 3,
    );
    const lines = `${mib * 8192} lines of 128 bytes as fast as it logs; PostgreSQL ${postgresVersion()}: pieces with synchronous_commit off, the last one on (${fleet.durability})`;
    const what = "one embedded daemon";
    const shipped = fleet.postgres.sql(
      "select round(sum(octet_length(body)) / count(distinct id) / 1048576.0, 1) from liveops.piece",
    );
    return [
      compared(
        `a log of ${mib} MiB, from the submit until host b has read it`,
        total.fleet,
        { what, samples: total.embedded },
        { unit: "s", notes: `${lines}; ${shipped} MiB are shipped` },
      ),
      compared(
        `a log of ${mib} MiB, from its last line on host a until host b has read it`,
        afterEnd.fleet.slice(1),
        { what, samples: afterEnd.embedded.slice(1) },
        {
          unit: "s",
          notes: "what is left to ship, the outcome, the mirror, and the reply with the whole log",
        },
      ),
    ];
  } finally {
    embedded.stop();
    await fleet.stop();
  }
}

/** Seconds. @throws Error where the log is not complete */
async function readLog(
  client: Client,
  mib: number,
  on?: string,
): Promise<{ total: number; afterEnd: number }> {
  const start = now();
  const { id } = await client.submit(
    { op: "flood", params: { mib }, ...(on && { on }) },
    crypto.randomUUID(),
  );
  for await (const line of client.events(id, { follow: true }))
    if (line.type === "end" && line.state !== "succeeded") throw new Error(`the operation has ${line.state}`);
  let count = 0;
  for await (const page of client.logPages(id, { after: 0, limit: 10_000 })) count += page.lines.length;
  const end = now();
  if (count !== mib * 8192) throw new Error(`${count} of ${mib * 8192} lines came`);
  const { at } = (await client.show(id)).result as { at: number };
  return { total: (end - start) / 1000, afterEnd: (end - at) / 1000 };
}
