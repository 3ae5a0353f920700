import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/** Logs the current time at a rate: waits in between, or never yields. */
export class Emits extends LiveOperation {
  static stages = ["Emit"];
  static params = z.object({
    perSecond: z.number(),
    seconds: z.number().default(3600),
    afterMs: z.number().default(0),
    isBusy: z.boolean().default(false),
  });
  async run(p) {
    const { perSecond, seconds, afterMs, isBusy } = this.params;
    await p.stage("Emit", async () => {
      await sleep(afterMs);
      const start = performance.now();
      for (let n = 0; n < perSecond * seconds; n++) {
        const next = start + (n * 1000) / perSecond;
        if (isBusy) while (performance.now() < next);
        else if (next - performance.now() >= 1) await sleep(next - performance.now());
        p.log(String(performance.timeOrigin + performance.now()));
      }
    });
  }
}
