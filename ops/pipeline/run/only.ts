/** One stage or step of a pipeline, which runs as an operation of its own in another queue. */
import type { PipelineFile, PipelineStage } from "../definition.js";
import type { HandedOn } from "./variables.js";

/** What the pipeline around it knows when the stage begins. */
export interface OnlyTask extends HandedOn {
  stage: string;
  step?: string | undefined;
}

/** The pipeline of this stage alone. @returns null: the text has no such stage or step */
export function onlyTask(file: PipelineFile, { stage, step }: OnlyTask): PipelineFile | null {
  const whole = file.pipeline.stages.find(({ name }) => name === stage);
  const parallel = whole?.steps?.parallel ?? [];
  const task = parallel.length === 0 ? whole : parallel.find(({ name }) => name === step);
  if (task === undefined) return null;
  // Whether it runs at all, and again, is decided by the pipeline around it.
  const alone: PipelineStage = {
    ...task,
    name: stage,
    when: null,
    retry: { attempts: 1, backoff: 0, exit: null },
    allowFailure: false,
    rules: [],
    steps: null,
    approve: null,
  };
  const pipeline = {
    ...file.pipeline,
    timeout: null,
    failIfOdd: false,
    stages: [alone],
    finally: null,
    // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
    then: null,
  };
  return { ...file, pipeline };
}
