/**
 * Time of `liveopsd start` until the daemon answers, compared with `node -e 0` and pm2's daemon: with an empty state
 * directory, and with 100,000 finished operations.
 */
import { newKey } from "../../protocol/client/idempotency-key.js";
import { THREE_STAGES } from "../harness/no-op.js";
import { Pm2 } from "../harness/peer.js";
import { timed } from "../harness/processes.js";
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld, bin, cleanEnv, node } from "../harness/world.js";

/** Operations of one submit. */
const SIZE = 500;

export default async function start({ quick }: MeasureOptions): Promise<Row[]> {
  const many = quick ? 10_000 : 100_000;
  const pm2 = new Pm2();
  const worlds: BenchWorld[] = [];
  try {
    for (const count of [0, many]) worlds.push(await worldWith(count));
    const [empty, full] = worlds.map((world) => async () => {
      world.run("liveopsd", "stop");
      return timed([node, bin("liveopsd"), "start"], world.env);
    });
    const samples = await interleave(
      {
        bare: () => timed([node, "-e", "0"], cleanEnv()),
        empty: empty!,
        full: full!,
        pm2: async () => {
          pm2.kill();
          return timed(pm2.words("ping"), pm2.env);
        },
      },
      quick ? 3 : 15,
    );
    const unit = "ms";
    const notes = "spawn to exit of the command that starts the daemon";
    const beside = (what: string, of: keyof typeof samples) => ({ what, samples: samples[of] });
    const ours = samples.empty;
    return [
      row({
        name: "liveopsd start until it answers",
        unit,
        ours,
        beside: beside("node -e 0", "bare"),
        goal: "≤ 6 ×",
        notes,
      }),
      row({
        name: `liveopsd start with ${many} finished operations`,
        unit,
        ours: samples.full,
        beside: beside("with none", "empty"),
        goal: "≤ 1.1 ×",
        notes: "each was cancelled while it was queued, and is sealed",
      }),
      row({
        name: "liveopsd start, beside pm2's daemon (pm2 ping)",
        unit,
        ours,
        beside: beside(pm2.what, "pm2"),
        goal: "≤ 0.6 ×",
        notes,
      }),
    ];
  } finally {
    pm2.end();
    for (const world of worlds) world.stop();
  }
}

/** A daemon with so many finished operations. */
async function worldWith(finished: number): Promise<BenchWorld> {
  const world = await benchWorld({ ops: THREE_STAGES, config: { maxQueued: 2 * SIZE } });
  world.run("liveops", "pause", "--all");
  const bodies = Array.from({ length: SIZE }, (_, n) => ({ op: "three-stages", label: `number ${n}` }));
  for (let done = 0; done < finished; done += SIZE) {
    const ids = (await world.client.submit(bodies, newKey())).map(({ id }) => id);
    for await (const _line of world.client.cancelAll({ ids }));
  }
  return world;
}
