/** The second of two operations in a chain: measures the files that StepA found. */
import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class StepB extends LiveOperation<typeof StepB> {
  static op = "step-b";
  static title = "Step B";
  static stages = ["Measure", "Report"] as const;
  static params = z.object({
    from: z.string().describe("id of the previous operation"),
    files: z.array(z.string()).default([]).describe("files to measure"),
    delayMs: z.number().min(0).max(10_000).default(0).describe("delay per file in milliseconds"),
  });

  async run(p: Progress<StepB>): Promise<void> {
    const { from, files, delayMs } = this.params;
    const bytes = await p.stage("Measure", async () => {
      let sum = 0;
      for (const file of p.track(files, { label: "Files", unit: "file" })) {
        sum += (await stat(file)).size;
        if (delayMs > 0) await delay(delayMs, undefined, { signal: p.signal });
      }
      return sum;
    });
    await p.stage("Report", () => p.log(`${files.length} files hold ${bytes} bytes`));
    p.result({ from, files: files.length, bytes });
  }
}
