/** Every way in which an operation's process ends under it, and a resumable one that dies in its second stage. */
import { existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Dies extends LiveOperation<typeof Dies> {
  static stages = ["Die"] as const;
  static params = z.object({ how: z.enum(["exit", "abort", "segv", "kill", "timer", "rejection", "throw"]) });

  async run(p: Progress<Dies>) {
    await p.stage("Die", async () => {
      p.log("last words");
      const ways = {
        exit: () => process.exit(3),
        abort: () => process.abort(),
        segv: () => process.kill(process.pid, "SIGSEGV"),
        kill: () => process.kill(process.pid, "SIGKILL"),
        timer: () =>
          setTimeout(() => {
            throw new Error("thrown in a timer");
          }, 1),
        rejection: () => void Promise.reject(new Error("rejected and forgotten")),
        throw: () => {
          throw new Error("thrown in the stage");
        },
      };
      ways[this.params.how]();
      await delay(600_000, undefined, { signal: p.signal });
    });
  }
}

/** Dies in its second stage while the file is there; once, or always. */
export class Resumes extends LiveOperation<typeof Resumes> {
  static resumable = true;
  static stages = ["First", "Second", "Third"] as const;
  static params = z.object({
    bomb: z.string(),
    fails: z.boolean().default(false),
    always: z.boolean().default(false),
  });

  async run(p: Progress<Resumes>) {
    const { bomb, fails, always } = this.params;
    const first = await p.stage("First", () => {
      p.log(`first ran in attempt ${this.attempt}`);
      return { from: this.attempt };
    });
    await p.stage("Second", () => {
      p.log(`second ran in attempt ${this.attempt}`);
      if (!existsSync(bomb)) return;
      if (!always) rmSync(bomb);
      if (fails) throw new Error("failed in the second stage");
      process.kill(process.pid, "SIGKILL");
    });
    await p.stage("Third", () => p.log(`third ran in attempt ${this.attempt}`));
    p.result({ first: first.from, last: this.attempt });
  }
}
