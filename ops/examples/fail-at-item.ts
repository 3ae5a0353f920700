/** Fails at one item of a tracked list, to show a failure and `liveops retry`. */
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class FailAtItem extends LiveOperation<typeof FailAtItem> {
  static op = "fail-at-item";
  static title = "Fail at item";
  static stages = ["Prepare", "Work", "Finish"] as const;
  static params = z.object({
    items: z.int().min(1).max(100_000).default(20).describe("number of items"),
    failAt: z.int().min(0).default(13).describe("number of the item that fails, from 1; 0: none"),
    delayMs: z.number().min(0).max(10_000).default(0).describe("delay per item in milliseconds"),
  });

  async run(p: Progress<FailAtItem>): Promise<void> {
    const { items, failAt, delayMs } = this.params;
    const list = await p.stage("Prepare", () =>
      Array.from({ length: items }, (_, index) => index + 1),
    );
    await p.stage("Work", async () => {
      for (const item of p.track(list, { label: "Items", unit: "item" })) {
        if (item === failAt) throw new Error(`item ${item} of ${items} failed`);
        p.log(`item ${item} done`);
        if (delayMs > 0) await delay(delayMs, undefined, { signal: p.signal });
      }
    });
    await p.stage("Finish", () => p.status("no item failed", "success"));
    p.result({ items });
  }
}
