/** Operations that do nothing, so that what is measured is liveops. */

/** Three stages without work. */
export const THREE_STAGES = {
  "three-stages.mjs": `
import { LiveOperation } from "liveops";
export class ThreeStages extends LiveOperation {
  static op = "three-stages";
  static stages = ["Load", "Process", "Save"];
  async run(p) {
    await p.stage("Load", () => {});
    await p.stage("Process", () => {});
    await p.stage("Save", () => {});
  }
}
`,
};

/** Says its own time as its status, so many times a second for so long; in between it waits. */
export const EMITS = {
  "emits.mjs": `
import { setTimeout as sleep } from "node:timers/promises";
import { LiveOperation, z } from "liveops";
export class Emits extends LiveOperation {
  static op = "emits";
  static stages = ["Emit"];
  static params = z.object({ perSecond: z.number(), seconds: z.number() });
  async run(p) {
    const { perSecond, seconds } = this.params;
    await p.stage("Emit", async () => {
      const start = performance.now();
      for (let n = 0; n < perSecond * seconds; n++) {
        const wait = start + (n * 1000) / perSecond - performance.now();
        if (wait >= 1) await sleep(wait);
        p.status(String(performance.timeOrigin + performance.now()));
      }
    });
  }
}
`,
};
