/** Logs numbered lines at a steady rate, each with the time at which it was logged. */
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Pours extends LiveOperation {
  static stages = ["Pour"];
  static params = z.object({ lines: z.number(), perSecond: z.number().default(1000) });

  async run(p) {
    const { lines, perSecond } = this.params;
    await p.stage("Pour", async () => {
      const start = performance.now();
      for (let n = 1; n <= lines; ) {
        const due = Math.min(lines, Math.ceil(((performance.now() - start) * perSecond) / 1000));
        for (; n <= due; n++) p.log(`line ${n}`);
        await delay(5, undefined, { signal: p.signal });
      }
    });
    p.result({ lines });
  }
}
