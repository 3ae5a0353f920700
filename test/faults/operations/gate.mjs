/**
 * Waits until the file `<gate>.<attempt>` exists, then does what the file says. Logs while it
 * waits.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Gate extends LiveOperation {
  static stages = ["Wait", "Leave"];
  static params = z.object({ gate: z.string(), chatty: z.boolean().default(false) });

  async run(p) {
    const { gate, chatty } = this.params;
    appendFileSync(`${gate}.ran`, `${this.attempt} ${process.pid}\n`);
    const said = await p.stage("Wait", async () => {
      let n = 0;
      while (!existsSync(`${gate}.${this.attempt}`)) {
        if (chatty) p.log(`line ${++n}`);
        await delay(chatty ? 2 : 10, undefined, { signal: p.signal });
      }
      return n;
    });
    const word = readFileSync(`${gate}.${this.attempt}`, "utf8").trim();
    await p.stage("Leave", () => {
      if (word === "fail") throw new Error("the gate said so");
    });
    if (word === "chain") p.chainTo(Gate, { gate: `${gate}+`, chatty });
    else p.result({ said });
  }
}
