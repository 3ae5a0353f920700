import type { PipelineFeature } from "../../pipeline/feature.js";
import { readNested, stagesOf } from "./read.js";

/** `op`, `with`, `queue` and `include`. */
export const NESTED: PipelineFeature = {
  expand: stagesOf,
  read: readNested,
  checkSteps: () => {},
  async start() {
    return null;
  },
};
