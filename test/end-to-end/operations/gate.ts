/**
 * Waits until a file is there, logging numbered lines all the while: what must survive deaths of
 * the daemon.
 */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Gate extends LiveOperation<typeof Gate> {
  static stages = ["Open", "Wait", "Close"] as const;
  static params = z.object({
    file: z.string(),
    next: z.string().optional().describe("the file that a second gate waits for"),
  });

  async run(p: Progress<Gate>) {
    const { file, next } = this.params;
    await p.stage("Open", () => p.log(`process ${process.pid}`));
    const lines = await p.stage("Wait", async () => {
      let n = 0;
      while (!existsSync(file)) {
        p.log(`line ${++n}`);
        p.percent(n % 100);
        await delay(20, undefined, { signal: p.signal });
      }
      return n;
    });
    await p.stage("Close", () => p.log(`closed after ${lines}`));
    if (next !== undefined) p.chainTo(Gate, { file: next });
    else p.result({ lines, attempt: this.attempt });
  }
}
