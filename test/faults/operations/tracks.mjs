/**
 * Tracks items at a steady pace through two stages, with a timeout that only a clock jump can
 * reach.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Tracks extends LiveOperation {
  static stages = ["Count", "Again"];
  static timeout = 120;
  static params = z.object({ items: z.number(), pause: z.number(), side: z.string() });

  async run(p) {
    const { items, pause, side } = this.params;
    appendFileSync(side, `${this.id}\n`);
    for (const stage of Tracks.stages) {
      await p.stage(stage, async () => {
        const all = Array.from({ length: items }, (_, index) => index);
        for (const item of p.track(all, { label: "Items", unit: "item" })) {
          p.log(`item ${item}`);
          await delay(pause);
        }
      });
    }
  }
}
