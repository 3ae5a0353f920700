// The three classes of the contract, as written there. The marked lines, and no others, are errors.
import { LiveOperation, type Params, type Progress, z } from "liveops";

type Row = { name: string };
declare function load(path: string): Promise<Row[]>;
declare function work(row: Row): void;

export class StepA extends LiveOperation<typeof StepA> {
  static title = "Step A";
  static stages = ["Load", "Process", "Save"] as const;
  static params = z.object({
    path: z.string().describe("file to load"),
    limit: z.number().default(100),
  });

  async run(p: Progress<StepA>) {
    const rows = await p.stage("Load", () => load(this.params.path)); // rows: Row[]
    await p.stage("Process", () => {
      for (const row of p.track(rows, { label: "Rows", unit: "row" })) work(row);
    });
    await p.untracked("Warm up", () => {});
    await p.stage("Laod", () => {}); // type error: not a stage
    p.chainTo(StepB, { from: 1 }); // type error: from is a string
    p.chainTo(StepB, { from: this.id });
  }
}

export class StepB extends LiveOperation<typeof StepB> {
  static params = z.object({ from: z.string(), parts: z.array(z.string()).default([]) });
  static stages = ({ parts }: Params<typeof StepB>) => ["Open", ...parts];
  async run(p: Progress<StepB>) {
    for (const part of this.params.parts) await p.stage(part, () => part.length);
  }
}

export class MyOp extends LiveOperation {
  static stages = ["Load", "Process", "Save"];
  async run(p: Progress) {
    await p.stage("Anything", () => {});
  }
}
