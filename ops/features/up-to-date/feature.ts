import { type PipelineFeature, tasksOf } from "../../pipeline/feature.js";
import { checkOrder, readFiles, TaskFiles } from "./read.js";

/** `needs` and `makes`. */
export const UP_TO_DATE: PipelineFeature = {
  expand: () => null,
  read: readFiles,
  checkSteps: checkOrder,
  async start(run) {
    const tasks = tasksOf(run.pipeline.stages);
    if (tasks.every((task) => TaskFiles.of(task) === undefined)) return null;
    const { FreshnessOfTasks } = await import("./freshness.js");
    return new FreshnessOfTasks(run);
  },
};
