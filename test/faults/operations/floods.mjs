/** Logs numbered lines as fast as possible, yields now and then, and ends. */
import { setImmediate as turn } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Floods extends LiveOperation {
  static stages = ["Flood"];
  static params = z.object({ lines: z.number(), width: z.number().default(80) });

  async run(p) {
    const { lines, width } = this.params;
    await p.stage("Flood", async () => {
      for (let n = 1; n <= lines; n++) {
        p.log(`${n} `.padEnd(width, "."));
        if (n % 100 === 0) {
          p.percent((100 * n) / lines);
          await turn();
        }
      }
    });
    p.result({ lines });
  }
}
