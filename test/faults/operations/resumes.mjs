/**
 * Three resumable stages that say in a side file when they really run. The second one ends as
 * `ends[attempt - 1]` says: `die`, `throw`, `wait` (until it is killed), or `go` on; the last word
 * stands for all later attempts.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

class Steps extends LiveOperation {
  static stages = ["First", "Second", "Third"];
  static resumable = true;
  static params = z.object({ side: z.string(), ends: z.array(z.string()) });

  async run(p) {
    const first = await p.stage("First", () => {
      this.ran("First");
      return { made: `by attempt ${this.attempt}`, list: [1, 2, 3] };
    });
    const second = await p.stage("Second", async () => {
      this.ran("Second");
      await this.end(p.signal);
      return this.attempt;
    });
    const third = await p.stage("Third", () => {
      this.ran("Third");
      return this.attempt;
    });
    p.result({ first, second, third });
  }

  ran(stage) {
    appendFileSync(this.params.side, `${this.attempt} ${stage}\n`);
  }

  async end(signal) {
    const { ends } = this.params;
    const end = ends[this.attempt - 1] ?? ends.at(-1);
    if (end === "die") process.kill(process.pid, "SIGKILL");
    if (end === "throw") throw new Error("told to");
    if (end !== "go") await delay(100_000, undefined, { signal });
  }
}

export class Resumes extends Steps {}

/** Run again by itself, after a time in which a daemon can die. */
export class RetriesLater extends Steps {
  static retry = { attempts: 3, backoff: 2 };
}

/** As it is, and run again by itself. */
export class Retries extends Steps {
  static retry = { attempts: 3, backoff: 0.05 };
}
