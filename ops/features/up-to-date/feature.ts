import type { PipelineFeature } from "../../pipeline/feature.js";
import { checkOrder, readFiles, TaskFiles } from "./read.js";

/** `needs` and `makes`. */
export const UP_TO_DATE: PipelineFeature = {
  read: readFiles,
  checkSteps: checkOrder,
  async start(run) {
    const tasks = run.pipeline.stages.flatMap((stage) => [stage, ...(stage.steps?.parallel ?? [])]);
    if (tasks.every((task) => TaskFiles.of(task) === undefined)) return null;
    const { FreshnessOfTasks } = await import("./freshness.js");
    return new FreshnessOfTasks(run);
  },
};
