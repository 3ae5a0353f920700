/** Stages that are operations of their own (`op`), beside as many operations that a client submits one after another. */
import { interleave, type MeasureOptions, type Row, row } from "../harness/rows.js";
import { type BenchWorld, benchWorld } from "../harness/world.js";

const STAGES = 20;

const stages = Array.from({ length: STAGES }, (_, n) => `  - { name: S${n}, op: leaf.yaml }\n`);
const ops = {
  "leaf.yaml": 'stages:\n  - { name: Leaf, run: ["true"] }\n',
  "outer.yaml": `stages:\n${stages.join("")}`,
};

export default async function nested({ quick }: MeasureOptions): Promise<Row[]> {
  const world = await benchWorld({ ops, flags: ["--concurrency", "1"] });
  const alone = async () => {
    let ms = 0;
    for (let n = 0; n < STAGES; n++) ms += await timeOf(world, "leaf");
    return ms / STAGES;
  };
  try {
    const samples = await interleave(
      { nested: async () => (await timeOf(world, "outer")) / STAGES, alone },
      quick ? 3 : 11,
    );
    return [
      row({
        name: "a stage that is an operation, beside an operation of its own",
        unit: "ms",
        ours: samples.nested,
        beside: { what: "submitted by a client", samples: samples.alone },
        goal: "≤ 1.5 ×",
        notes: `${STAGES} a round, one at a time, in a queue with one slot; submit to end, the operation around the stages included`,
      }),
    ];
  } finally {
    world.stop();
  }
}

/** From the submit to the end, in ms. */
async function timeOf({ client }: BenchWorld, op: string): Promise<number> {
  const start = performance.now();
  const { id } = await client.submit({ op }, crypto.randomUUID());
  for await (const line of client.events(id, { follow: true }))
    if (line.type === "end" && line.state !== "succeeded") throw new Error(`${op} has ${line.state}`);
  return performance.now() - start;
}
