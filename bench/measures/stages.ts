/**
 * Stage boundaries: one operation with many stages whose values are stored for resuming, compared with the steps of a
 * DBOS workflow. Also a boundary without a stored value, compared with two durable writes of a bare process.
 */
import { HOW_TO_INSTALL, libraryVersion, Peer } from "../harness/peer.js";
import { type Postgres, postgresVersion, startPostgres } from "../harness/postgres.js";
import { compared, interleave } from "../harness/rounds.js";
import type { MeasureOptions, Row } from "../harness/row.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const type = (name: string, op: string, resumable: boolean) => `
import { LiveOperation, z } from "liveops";
export class ${name} extends LiveOperation {
  static op = "${op}";
  static resumable = ${resumable};
  static params = z.object({ count: z.number() });
  static stages = ({ count }) => Array.from({ length: count }, (_, n) => "Step " + n);
  async run(p) {
    const start = performance.now();
    for (let n = 0; n < this.params.count; n++) await p.stage("Step " + n, async () => n);
    p.result({ took: performance.now() - start });
  }
}
`;

export default async function stages({ quick }: MeasureOptions): Promise<Row[]> {
  const count = quick ? 100 : 300;
  const rounds = quick ? 3 : 11;
  const postgres = postgresVersion();
  const dbos = libraryVersion("@dbos-inc/dbos-sdk");
  const world = await benchWorld({
    ops: {
      "stored.mjs": type("Stored", "stored", true),
      "unstored.mjs": type("Unstored", "unstored", false),
    },
  });
  const disk = new Peer("writes-alone", {});
  let server: Postgres | null = null;
  let peer: Peer | null = null;
  try {
    const contenders: Record<string, () => Promise<number>> = {
      stored: () => stagesPerSecond(world, "stored", count),
      unstored: () => stagesPerSecond(world, "unstored", count),
      disk: async () => (await disk.ask<{ perSecond: number }>({ writes: 2 * count })).perSecond / 2,
    };
    if (postgres !== null && dbos !== null) {
      server = await startPostgres();
      peer = new Peer("dbos", { dir: server.dir });
      const asked = peer;
      contenders.dbos = async () => (await asked.ask<{ perSecond: number }>({ steps: count })).perSecond;
    }
    const samples = await interleave(contenders, rounds);
    const name = "stage boundaries/s, value stored, beside DBOS steps";
    return [
      samples.dbos
        ? compared(
            name,
            samples.stored!,
            { what: `DBOS ${dbos}`, samples: samples.dbos },
            {
              unit: "/s",
              goal: { of: "ratio", atLeast: 5 },
              notes: `${count} one after the other in one resumable operation; liveops: both events fdatasynced, the value with the second; PostgreSQL ${postgres} on a Unix socket: fsync and synchronous_commit on`,
            },
          )
        : { name, absent: `PostgreSQL or @dbos-inc/dbos-sdk is not there; ${HOW_TO_INSTALL}` },
      compared(
        "stage boundaries/s, value stored, beside the disk alone",
        samples.stored!,
        { what: "2 fdatasynced writes", samples: samples.disk! },
        { unit: "/s", notes: "the disk's limit for the two events of a stage" },
      ),
      compared(
        "stage boundaries/s, beside the disk alone",
        samples.unstored!,
        { what: "2 fdatasynced writes", samples: samples.disk! },
        { unit: "/s", notes: "a type that does not resume; both events fdatasynced" },
      ),
    ];
  } finally {
    await disk.end();
    await peer?.end();
    await server?.stop();
    world.stop();
  }
}

async function stagesPerSecond({ client }: BenchWorld, op: string, count: number): Promise<number> {
  const { id } = await client.submit({ op, params: { count } }, crypto.randomUUID());
  for await (const line of client.events(id, { follow: true })) {
    if (line.type === "end" && line.state !== "succeeded") throw new Error(`${op} has ${line.state}`);
  }
  const { result } = await client.show(id);
  return (count / (result as { took: number }).took) * 1000;
}
