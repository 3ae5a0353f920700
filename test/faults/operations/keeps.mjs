/**
 * A resumable stage that waits for the file `<gate>`, reports that it ran, and returns a value of a
 * given size.
 */
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Keeps extends LiveOperation {
  static stages = ["Make"];
  static resumable = true;
  static params = z.object({ gate: z.string(), letters: z.number().default(100_000) });

  async run(p) {
    const { gate, letters } = this.params;
    const made = await p.stage("Make", async () => {
      while (!existsSync(gate)) await delay(10, undefined, { signal: p.signal });
      appendFileSync(`${gate}.ran`, `${this.attempt} ${process.pid}\n`);
      return "x".repeat(letters);
    });
    p.result({ made: made.length });
  }
}
