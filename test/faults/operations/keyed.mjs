// Loops over items with a key, and stops at one of them in its first attempt.
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Keyed extends LiveOperation {
  static stages = ["Each"];
  static resumable = true;
  static params = z.object({ side: z.string(), at: z.int() });

  async run(p) {
    await p.stage("Each", async () => {
      const items = Array.from({ length: 30 }, (_, n) => `item ${n + 1}`);
      for (const item of p.track(items, { key: (item) => item })) {
        appendFileSync(this.params.side, `${this.attempt} ${item}\n`);
        if (this.attempt === 1 && item === `item ${this.params.at}`) await delay(60_000);
        await delay(100);
      }
    });
  }
}
