/**
 * Operations that are hard to stop: fail and retry at once, ignore a cancel, or end their worker
 * and the daemon.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

/** Fails at once, and is run again, as often as it takes. */
export class FailsAgain extends LiveOperation {
  static stages = ["Fail"];
  static retry = { attempts: 1000, backoff: 0.001 };
  static params = z.object({ side: z.string() });

  async run(p) {
    appendFileSync(this.params.side, `${this.id}\n`);
    await p.stage("Fail", () => {
      throw new Error("told to");
    });
  }
}

/** Its worker dies at once, and it is resumed. */
export class DiesAgain extends LiveOperation {
  static stages = ["Die"];
  static resumable = true;
  static params = z.object({ side: z.string() });

  async run(p) {
    appendFileSync(this.params.side, `${this.id}\n`);
    await p.stage("Die", () => process.kill(process.pid, "SIGKILL"));
  }
}

/** Listens to no request to stop. */
export class Deaf extends LiveOperation {
  static stages = ["Wait"];
  static resumable = true;
  static gracePeriod = 0.2;

  async run(p) {
    await p.stage("Wait", () => delay(100_000));
  }
}

/** As deaf, and it has a time to be done in. */
export class DeafTooLong extends Deaf {
  static stages = ["Wait"];
  static timeout = 0.5;
}

/** Stops when it is told to, and has a time to be done in. */
export class TooLong extends LiveOperation {
  static stages = ["Wait"];
  static timeout = 0.5;

  async run(p) {
    await p.stage("Wait", () => delay(100_000, undefined, { signal: p.signal }));
  }
}

/** Kills the daemon, then its worker, each time it runs. */
export class KillsAll extends LiveOperation {
  static stages = ["Kill"];
  static resumable = true;
  static params = z.object({ side: z.string() });

  async run(p) {
    appendFileSync(this.params.side, `${this.attempt}\n`);
    await p.stage("Kill", () => {
      process.kill(process.ppid, "SIGKILL");
      process.kill(process.pid, "SIGKILL");
    });
  }
}
