/** Ways in which an operation's process ends under it. */
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

export class Dies extends LiveOperation<typeof Dies> {
  static stages = ["Die"] as const;
  static params = z.object({ how: z.enum(["exit", "kill", "timer", "rejection"]) });

  async run(p: Progress<Dies>) {
    await p.stage("Die", async () => {
      p.log("last words");
      const ways = {
        exit: () => process.exit(3),
        kill: () => process.kill(process.pid, "SIGKILL"),
        timer: () =>
          setTimeout(() => {
            throw new Error("thrown in a timer");
          }, 1),
        rejection: () => void Promise.reject(new Error("rejected and forgotten")),
      };
      ways[this.params.how]();
      await delay(600_000, undefined, { signal: p.signal });
    });
  }
}
