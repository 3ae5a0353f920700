/**
 * Waits until the file `<gate>.<attempt>` exists, then does what the file says. Writes down how it
 * runs.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Many extends LiveOperation {
  static stages = ["Wait", "Leave"];
  static params = z.object({ gate: z.string() });

  async run(p) {
    const { gate } = this.params;
    appendFileSync(`${gate}.ran`, `${this.attempt}\n`);
    await p.stage("Wait", async () => {
      while (!existsSync(`${gate}.${this.attempt}`))
        await delay(10, undefined, { signal: p.signal });
    });
    const word = readFileSync(`${gate}.${this.attempt}`, "utf8").trim();
    await p.stage("Leave", () => {
      if (word === "fail") throw new Error("the gate said so");
    });
    if (word === "chain") p.chainTo(Many, { gate: `${gate}+` });
  }
}
