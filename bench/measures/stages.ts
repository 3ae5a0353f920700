/**
 * Stage boundaries: one operation with many stages whose values are stored for resuming, compared with the steps of a
 * DBOS workflow.
 */
import { libraryVersion, Peer, present } from "../harness/peer.js";
import { postgresVersion, startPostgres } from "../harness/postgres.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const STORED = `
import { LiveOperation, z } from "liveops";
export class Stored extends LiveOperation {
  static resumable = true;
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
  const postgres = present("PostgreSQL", postgresVersion());
  const dbos = present("@dbos-inc/dbos-sdk", libraryVersion("@dbos-inc/dbos-sdk"));
  const count = quick ? 100 : 300;
  const world = await benchWorld({ ops: { "stored.mjs": STORED } });
  const server = await startPostgres();
  const peer = new Peer("dbos", { url: server.url("dbos") });
  try {
    const samples = await interleave(
      {
        stored: () => stagesPerSecond(world, count),
        dbos: async () => (await peer.ask<{ perSecond: number }>({ steps: count })).perSecond,
      },
      quick ? 3 : 11,
    );
    return [
      row({
        name: "stage boundaries/s, value stored, beside DBOS steps",
        unit: "/s",
        ours: samples.stored,
        beside: { what: `DBOS ${dbos}`, samples: samples.dbos },
        goal: "≥ 6 ×",
        notes: `${count} one after the other in one resumable operation; liveops: both events fdatasynced, the value with the second; PostgreSQL ${postgres} on a Unix socket: fsync and synchronous_commit on`,
      }),
    ];
  } finally {
    await peer.end();
    await server.stop();
    world.stop();
  }
}

async function stagesPerSecond({ client }: BenchWorld, count: number): Promise<number> {
  const { id } = await client.submit({ op: "stored", params: { count } }, crypto.randomUUID());
  for await (const line of client.events(id, { follow: true })) {
    if (line.type === "end" && line.state !== "succeeded") throw new Error(`the operation has ${line.state}`);
  }
  const { result } = await client.show(id);
  return (count / (result as { took: number }).took) * 1000;
}
