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
