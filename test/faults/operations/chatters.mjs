/**
 * Logs only numbered lines until the file `<gate>` exists, and reports their number, so that a test
 * can count them.
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Chatters extends LiveOperation {
  static stages = ["Talk"];
  static params = z.object({
    gate: z.string(),
    pause: z.number().default(1),
    weight: z.number().default(0),
  });

  async run(p) {
    const { gate, pause, weight } = this.params;
    appendFileSync(`${gate}.ran`, `${this.attempt} ${process.pid}\n`);
    let said = 0;
    await p.stage("Talk", async () => {
      while (!existsSync(gate)) {
        p.log(`line ${++said}`);
        writeFileSync(`${gate}.said`, String(said));
        await delay(pause, undefined, { signal: p.signal });
      }
    });
    p.result(weight === 0 ? { said } : { said, weight: "x".repeat(weight) });
  }
}
