/**
 * Logs numbered lines, some past JavaScript, and notes each written line in a side file. Then the
 * attempt ends as `ends[attempt - 1]` says: `throw`, `wait` (until it is killed), or `go` on to
 * success.
 */
import { appendFileSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Loud extends LiveOperation {
  static stages = ["Speak"];
  static resumable = true;
  static retry = { attempts: 10, backoff: 0.3 };
  static params = z.object({ side: z.string(), lines: z.number(), ends: z.array(z.string()) });

  async run(p) {
    const { side, lines, ends } = this.params;
    const end = ends[this.attempt - 1] ?? "go";
    await p.stage("Speak", async () => {
      for (let n = 1; n <= lines; n++) {
        const text = `attempt ${this.attempt} line ${n}`;
        if (n % 7 === 0) writeSync(1, `${text}\n`);
        else p.log(text);
        appendFileSync(side, `${text}\n`);
        if (n % 10 === 0) {
          p.percent((100 * n) / lines);
          await turn();
        }
      }
      writeFileSync(`${side}.${this.attempt}`, String(process.pid));
      if (end === "wait") await delay(100_000, undefined, { signal: p.signal });
      if (end === "throw") throw new Error("told to");
    });
    p.result({ attempt: this.attempt });
  }
}
