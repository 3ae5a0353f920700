// What liveops/testing infers from a class.
import { LiveOperation, type Progress, z } from "liveops";
import { runOperation } from "liveops/testing";

class Counts extends LiveOperation<typeof Counts> {
  static stages = ["Count"] as const;
  static params = z.object({ to: z.number(), from: z.number().default(0) });
  static resultText = (result: { sum: number }) => `sum ${result.sum}`;

  async run(p: Progress<Counts>) {
    await p.stage("Count", () => p.result({ sum: this.params.to - this.params.from }));
  }
}

class Plain extends LiveOperation {
  run() {}
}

export async function test(): Promise<void> {
  const { result, events } = await runOperation(Counts, { to: 3 });
  const sum: number = result.sum;
  // @ts-expect-error: to is required
  await runOperation(Counts);
  for (const event of events)
    if (event.type === "progress:changed") console.log(event.percent + sum);
  const unknown: unknown = (await runOperation(Plain)).result;
  console.log(unknown);
}
