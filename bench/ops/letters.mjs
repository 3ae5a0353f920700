import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/**
 * Sets four statuses a second by default, each of one letter: a screen that sends only differences
 * sends all of a status.
 */
export class Letters extends LiveOperation {
  static stages = ["Say"];
  static params = z.object({ count: z.number(), pace: z.number().default(250) });
  async run(p) {
    const times = [];
    await p.stage("Say", async () => {
      for (let n = 0; n < this.params.count; n++) {
        times.push(performance.timeOrigin + performance.now());
        p.status(String.fromCharCode(65 + (n % 26)).repeat(12));
        await sleep(this.params.pace + ((n * 37) % 50));
      }
    });
    p.result({ times });
  }
}
