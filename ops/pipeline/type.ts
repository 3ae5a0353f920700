/**
 * Makes an operation type of a pipeline: the type of a file in an operations directory, and of
 * `liveops run FILE`.
 */
import { LiveOperation, type Progress } from "liveops";
import type { KeptText } from "../../protocol/pipeline/kept-text.js";
import { setPipelineFacts } from "../types/pipeline-facts.js";
import { setSourceFile } from "../types/prepare.js";
import type { OperationCtor } from "../types/read-type.js";
import type { PipelineFile } from "./definition.js";
import { factsOf } from "./facts.js";
import { ANY_PIPELINE } from "./file-name.js";
import { paramsSchema } from "./params-schema.js";
import { gracePeriodOf } from "./run/finally.js";
import { type PipelineResult, pipelineResultText, runPipeline } from "./run/pipeline.js";

/**
 * The type of a file in an operations directory. The YAML library is loaded when it is needed.
 *
 * @param path - absolute
 * @param onNamed - called before each file is read that the pipeline names; an error is a problem
 *   of the pipeline
 * @throws PipelineFault; the error of the system
 */
export async function typeOfFile(
  path: string,
  onNamed?: (path: string) => void,
): Promise<OperationCtor> {
  const { PipelineFault, readPipelineFile } = await import("./read/parse.js");
  const parsed = readPipelineFile(path, onNamed);
  if (!parsed.ok) throw new PipelineFault(path, parsed.problems);
  const { file } = parsed;
  if (file.pipeline.name === ANY_PIPELINE) throw new PipelineFault(path, [nameIsTaken()]);
  return pipelineType(file);
}

/**
 * The type of a text that was kept with an operation.
 *
 * @throws PipelineFault if this version of liveops does not accept the text
 */
export async function typeOfText({ path, text, files }: KeptText): Promise<OperationCtor> {
  const { PipelineFault, parsePipeline } = await import("./read/parse.js");
  const parsed = parsePipeline(text, path, files);
  if (!parsed.ok) throw new PipelineFault(path ?? "stdin", parsed.problems);
  return pipelineType(parsed.file);
}

function nameIsTaken() {
  const message = `${ANY_PIPELINE} is the name of the shipped type that runs any file; add another name to the file, such as name: nightly`;
  return { line: 1, column: 1, key: "name", message, nearest: [] };
}

/**
 * The type has no history key: its name stands for one pipeline, so all its runs are alike. The
 * shipped type `pipeline`, which runs any file, has one.
 */
export function pipelineType(file: PipelineFile): OperationCtor {
  const { pipeline } = file;
  const Type = class Pipeline extends LiveOperation {
    static op = pipeline.name;
    static title = pipelineTitle(pipeline.name);
    static stages = stageNames(file);
    static params = paramsSchema(pipeline.params, pipeline.description);
    static resumable = true;
    static failIfOdd = pipeline.failIfOdd;
    static timeout = pipeline.timeout ?? undefined;
    static gracePeriod = gracePeriodOf(pipeline);
    static resultText = (result: PipelineResult) => pipelineResultText(result);

    async run(p: Progress<Pipeline>): Promise<void> {
      await runPipeline(p, { file, params: this.params, operation: this });
    }
  };
  setSourceFile(Type, file);
  setPipelineFacts(Type, (params, input) =>
    factsOf(pipeline, params as Record<string, unknown>, input),
  );
  return Type;
}

export function stageNames({ pipeline }: PipelineFile): string[] {
  return pipeline.stages.map(({ name }) => name);
}

/** `nightly-dump` becomes "Nightly dump". */
export function pipelineTitle(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
