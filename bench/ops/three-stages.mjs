import { LiveOperation } from "liveops";

export class ThreeStages extends LiveOperation {
  static stages = ["Load", "Process", "Save"];
  async run(p) {
    await p.stage("Load", () => {});
    await p.stage("Process", () => {});
    await p.stage("Save", () => {});
  }
}
