/**
 * Three resumable stages that say in a side file when they really run. The first two return a text
 * of `size` characters. The third one ends as `ends[attempt - 1]` says: `throw`, `wait` (until it
 * is killed), or `go` on.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Holds extends LiveOperation {
  static stages = ["First", "Second", "Third"];
  static resumable = true;
  static params = z.object({ side: z.string(), size: z.number(), ends: z.array(z.string()) });

  async run(p) {
    const made = [];
    for (const stage of ["First", "Second"])
      made.push(
        await p.stage(stage, () => {
          this.ran(stage);
          return `${stage} ${this.attempt} `.padEnd(this.params.size, "x");
        }),
      );
    await p.stage("Third", async () => {
      this.ran("Third");
      const end = this.params.ends[this.attempt - 1] ?? "go";
      if (end === "throw") throw new Error("told to");
      if (end === "wait") await delay(100_000, undefined, { signal: p.signal });
    });
    p.result(made.map((text) => ({ length: text.length, by: text.split(" ", 2).join(" ") })));
  }

  ran(stage) {
    appendFileSync(this.params.side, `${this.attempt} ${stage}\n`);
  }
}
