/**
 * Busy and deaf ones: a synchronous loop, a wait on the signal, one that ignores everything, one
 * with a timeout.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, type Progress, z } from "liveops";

/** Never yields to the event loop until the file is there. */
export class SpinTrack extends LiveOperation<typeof SpinTrack> {
  static stages = ["Spin"] as const;
  static params = z.object({ until: z.string() });

  async run(p: Progress<SpinTrack>) {
    const { until } = this.params;
    await p.stage("Spin", () => {
      let found = false;
      for (const i of p.track(endless(), { label: "Turns", unit: "turn" })) {
        if (i % 20_000 === 0) {
          p.log(`turn ${i}`);
          found = existsSync(until);
        }
        if (found) break;
      }
    });
  }
}

export class SpinCheck extends LiveOperation<typeof SpinCheck> {
  static stages = ["Spin"] as const;

  async run(p: Progress<SpinCheck>) {
    await p.stage("Spin", () => {
      for (;;) p.checkCancelled();
    });
  }
}

export class Listens extends LiveOperation<typeof Listens> {
  static stages = ["Wait"] as const;

  async run(p: Progress<Listens>) {
    await p.stage("Wait", () => delay(600_000, undefined, { signal: p.signal }));
  }
}

/** Never looks, and has a grandchild that never looks either. */
export class Deaf extends LiveOperation<typeof Deaf> {
  static stages = ["Ignore"] as const;
  static gracePeriod = 0.3;
  static params = z.object({ mark: z.string(), busy: z.boolean().default(false) });

  async run(p: Progress<Deaf>) {
    await p.stage("Ignore", async () => {
      const { mark, busy } = this.params;
      spawn(
        "sh",
        ["-c", `trap '' TERM; sh -c "trap '' TERM; while :; do sleep 1; done # ${mark}"; :`],
        {
          stdio: "ignore",
        },
      );
      p.log("ignoring");
      // Never yields either, and takes no CPU time.
      const held = new Int32Array(new SharedArrayBuffer(4));
      while (busy) Atomics.wait(held, 0, 0, 100);
      await delay(600_000);
    });
  }
}

export class Late extends LiveOperation<typeof Late> {
  static stages = ["Wait"] as const;
  static timeout = 0.5;
  static gracePeriod = 0.3;
  static params = z.object({ deaf: z.boolean().default(false) });

  async run(p: Progress<Late>) {
    await p.stage("Wait", () =>
      delay(600_000, undefined, this.params.deaf ? {} : { signal: p.signal }),
    );
  }
}

function* endless(): Generator<number> {
  for (let i = 0; ; i++) yield i;
}
