/** Makes an operation type of a pipeline: the type of a file in an operations directory, and of `liveops run FILE`. */
import { LiveOperation, type Progress } from "liveops";
import type { OperationCtor } from "../runner/read-type.js";
import type { PipelineFile } from "./definition.js";
import { paramsSchema } from "./params-schema.js";
import { runPipeline } from "./run.js";

/**
 * The type of a pipeline file. The YAML library is loaded only here, when it is needed.
 *
 * @param path - absolute
 * @throws PipelineFault; the error of the system
 */
export async function typeOfFile(path: string): Promise<OperationCtor> {
  const { loadPipelineFile } = await import("./read-file.js");
  return pipelineType(loadPipelineFile(path));
}

/**
 * The type has no `historyKey`: its name stands for one pipeline, so all its runs are alike. The shipped type
 * `pipeline`, which runs any file, has one.
 */
export function pipelineType(file: PipelineFile): OperationCtor {
  const { pipeline } = file;
  return class Pipeline extends LiveOperation {
    static op = pipeline.name;
    static title = pipelineTitle(pipeline.name);
    static stages = stageNames(file);
    static params = paramsSchema(pipeline.params, pipeline.description);
    static resumable = true;
    static timeout = pipeline.timeout ?? undefined;

    async run(p: Progress<Pipeline>): Promise<void> {
      await runPipeline(p, { file, params: this.params, operation: this });
    }
  };
}

export function stageNames({ pipeline }: PipelineFile): string[] {
  return pipeline.stages.map(({ name }) => name);
}

/** `nightly-dump` becomes "Nightly dump". */
export function pipelineTitle(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
