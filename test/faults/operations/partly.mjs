import { LiveOperation } from "liveops";

/** One stage fails, which is allowed, and one is skipped. */
export class Partly extends LiveOperation {
  static stages = ["Copy", "Notify", "Prune"];

  async run(p) {
    await p.stage("Copy", () => p.log("copied"));
    await p.stage("Notify", () => Promise.reject("no mail server"), { allowFailure: true });
    p.skip("Prune", "nothing is old enough");
    p.result({ files: 1 });
  }
}
