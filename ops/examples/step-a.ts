/** The first of two operations in a chain: lists a directory and passes its files to StepB. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";
import { StepB } from "./step-b.js";

export class StepA extends LiveOperation<typeof StepA> {
  static op = "step-a";
  static title = "Step A";
  static stages = ["List"] as const;
  static params = z.object({
    directory: z.string().default(".").describe("directory whose files StepB measures"),
    delayMs: z.number().min(0).max(10_000).default(0).describe("delay per file in milliseconds"),
  });

  async run(p: Progress<StepA>): Promise<void> {
    const { delayMs } = this.params;
    const directory = resolve(this.params.directory);
    const files = await p.stage("List", async () => {
      const found: string[] = [];
      const entries = await readdir(directory, { withFileTypes: true });
      for (const entry of p.track(entries, { label: "Entries", unit: "entry" })) {
        if (entry.isFile()) found.push(join(directory, entry.name));
        if (delayMs > 0) await delay(delayMs, undefined, { signal: p.signal });
      }
      return found;
    });
    p.log("Step A done");
    p.chainTo(StepB, { from: this.id, files, delayMs });
  }
}
