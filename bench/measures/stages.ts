/**
 * Stage boundaries: one operation with many stages whose values are stored for resuming, beside the
 * steps of DBOS.
 */
import { newKey } from "../../protocol/client/idempotency-key.js";
import { isQuick, rounds, row } from "../harness/measure.js";
import { Peer, requirePeers, startPostgres } from "../harness/peers.js";
import { succeeded } from "../harness/submitter.js";
import { benchWorld } from "../harness/world.js";

requirePeers("PostgreSQL", "DBOS");
const count = isQuick ? 100 : 300;
const { client } = await benchWorld();
const dbos = new Peer("dbos", { url: (await startPostgres()).url("dbos") });

const samples = await rounds(11, {
  ours: async () => {
    const { id } = await client.submit({ op: "stored", params: { count } }, newKey());
    const { result } = await succeeded(client, id);
    return (count / (result as { took: number }).took) * 1000;
  },
  dbos: () => dbos.ask({ steps: count }),
});
row("boundaries/s, value stored", "/s", "≥ 6 ×", samples.ours, { DBOS: samples.dbos });
