/** Fails in its first attempt, and is tried again a second later. */
import { LiveOperation } from "liveops";

export class FailsOnce extends LiveOperation {
  static stages = ["Try"];
  static retry = { attempts: 2, backoff: 1 };

  async run(p) {
    await p.stage("Try", () => {
      if (this.attempt === 1) throw new Error("told to");
    });
  }
}
