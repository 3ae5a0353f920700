// What liveops/testing infers from a class.
import { LiveOperation, type Progress, z } from "liveops";
import { FakeClock, runOperation, startOperation } from "liveops/testing";

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
  const run = await runOperation(Counts, { to: 3 }, { clock: new FakeClock(), label: "x" });
  const sum: number = run.result.sum;
  const from: number | undefined = run.params.from;
  await using running = startOperation(Counts, { to: sum + (from ?? 0) });
  await running.untilStage("Count");
  const { percent }: { percent: number } = await running.untilEvent("progress:changed");
  const [first, second] = await runOperation(Plain, {}, { chain: true });
  const unknown: unknown = first.result;
  if (second?.next) await runOperation(second.next, { timeout: percent });
  console.log(unknown, (await runOperation(Plain)).texts("log"));
}
