import { LiveOperation } from "liveops";

export class Empty extends LiveOperation {
  static stages = [];
  async run() {}
}
