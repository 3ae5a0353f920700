/** Operations without work, so that only the cost of liveops is measured. */

/** Three stages without work. */
export const THREE_STAGES = {
  "three-stages.mjs": `
import { LiveOperation } from "liveops";
export class ThreeStages extends LiveOperation {
  static stages = ["Load", "Process", "Save"];
  async run(p) {
    await p.stage("Load", () => {});
    await p.stage("Process", () => {});
    await p.stage("Save", () => {});
  }
}
`,
};

/** No stage and no work. */
export const EMPTY = {
  "empty.mjs": `
import { LiveOperation } from "liveops";
export class Empty extends LiveOperation {
  static stages = [];
  async run() {}
}
`,
};

/** Logs the current time, at a given rate for a given time; waits in between. Statuses would be limited to 10 a second. */
export const EMITS = {
  "emits.mjs": `
import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
export class Emits extends LiveOperation {
  static stages = ["Emit"];
  static params = z.object({ perSecond: z.number(), seconds: z.number(), afterMs: z.number().default(0) });
  async run(p) {
    const { perSecond, seconds, afterMs } = this.params;
    await p.stage("Emit", async () => {
      await sleep(afterMs);
      const start = performance.now();
      for (let n = 0; n < perSecond * seconds; n++) {
        const wait = start + (n * 1000) / perSecond - performance.now();
        if (wait >= 1) await sleep(wait);
        p.log(String(performance.timeOrigin + performance.now()));
      }
    });
  }
}
`,
};

/** Logs the current time 1,000 times a second, and never yields. */
export const BUSY = {
  "busy.mjs": `
import { LiveOperation, z } from "liveops";
export class Busy extends LiveOperation {
  static stages = ["Spin"];
  static params = z.object({ events: z.number() });
  async run(p) {
    await p.stage("Spin", () => {
      const start = performance.now();
      for (let n = 0; n < this.params.events; n++) {
        while (performance.now() < start + n) {}
        p.log(String(performance.timeOrigin + performance.now()));
      }
    });
  }
}
`,
};

/**
 * Sets four statuses a second. Consecutive statuses share no character, so a screen that sends only differences sends
 * the full status. The result is the time of each status.
 */
export const LETTERS = {
  "letters.mjs": `
import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
export class Letters extends LiveOperation {
  static stages = ["Say"];
  static params = z.object({ count: z.number() });
  async run(p) {
    const times = [];
    await p.stage("Say", async () => {
      for (let n = 0; n < this.params.count; n++) {
        times.push(performance.timeOrigin + performance.now());
        p.status(String.fromCharCode(65 + (n % 26)).repeat(12));
        await sleep(250 + ((n * 37) % 50));
      }
    });
    p.result({ times });
  }
}
`,
};
