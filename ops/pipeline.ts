/**
 * `pipeline`: runs the pipeline of a file. `liveops submit FILE.yaml` submits this type with the
 * text of the file, so that a retry runs the same text.
 *
 * Example: `liveops submit nightly.yaml target=s3:x`.
 */
import { LiveOperation, type Params, type Progress, z } from "liveops";
import type { PipelineFile } from "./pipeline/definition.js";
import { tellFactsOfAny } from "./pipeline/facts.js";
import { paramsSchema } from "./pipeline/params-schema.js";
import { LONGEST_GRACE_PERIOD } from "./pipeline/run/finally.js";
import { type OnlyTask, onlyTask } from "./pipeline/run/only.js";
import { type PipelineResult, pipelineResultText, runPipeline } from "./pipeline/run/pipeline.js";
import { pipelineTitle, stageNames } from "./pipeline/type.js";

interface Given {
  file: PipelineFile;
  /** The stage that runs alone; absent: all stages run. */
  only?: OnlyTask | undefined;
  /** Parsed by the schema of the pipeline, with defaults. */
  params: Record<string, unknown>;
}

const ONLY = z.object({
  stage: z.string(),
  step: z.string().optional(),
  values: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  missing: z.record(z.string(), z.string()),
});

export class Pipeline extends LiveOperation<typeof Pipeline> {
  static op = "pipeline";
  static title = ({ file, only }: Params<typeof Pipeline>) =>
    only === undefined ? pipelineTitle(file.pipeline.name) : placeIn(only);
  static stages = ({ file }: Params<typeof Pipeline>) => stageNames(file);
  static historyKey = ({ file, only }: Params<typeof Pipeline>) => {
    const key = file.path ?? file.pipeline.name;
    return only === undefined ? key : `${key} ${placeIn(only)}`;
  };
  static resumable = true;
  static gracePeriod = LONGEST_GRACE_PERIOD;
  static resultText = (result: PipelineResult) => pipelineResultText(result);
  static params = z
    .object({
      text: z.string().describe("text of the pipeline file"),
      path: z
        .string()
        .regex(/^\//, "takes an absolute path")
        .nullable()
        .default(null)
        .describe("path of the file; null: the text came from stdin"),
      files: z
        .record(z.string(), z.string())
        .optional()
        .describe(
          "texts of the files that the pipeline names, by absolute path; default: as they are now",
        ),
      params: z.record(z.string(), z.unknown()).default({}).describe("parameters of the pipeline"),
      only: ONLY.optional().describe("runs one stage alone; a stage with the key queue does so"),
    })
    .transform(readGiven)
    .describe("run a pipeline; liveops submit FILE.yaml submits this type");

  async run(p: Progress<Pipeline>): Promise<void> {
    const { file, params, only } = this.params;
    await runPipeline(p, { file, params, operation: this, handed: only });
  }
}

tellFactsOfAny(Pipeline);

interface Input {
  text: string;
  path: string | null;
  files?: Record<string, string> | undefined;
  params: Record<string, unknown>;
  only?: OnlyTask | undefined;
}

const placeIn = ({ stage, step }: OnlyTask) => (step === undefined ? stage : `${stage}/${step}`);

async function readGiven(
  { text, path, files, params, only }: Input,
  context: z.RefinementCtx,
): Promise<Given> {
  // Only here, because the YAML library takes time to load.
  const { parseAnew, parsePipeline } = await import("./pipeline/read/parse.js");
  const { problemLines } = await import("./pipeline/read/problems.js");
  // They are kept with the operation, so that a worker reads none.
  const parsed = files === undefined ? parseAnew(text, path) : parsePipeline(text, path, files);
  if (!parsed.ok) {
    for (const message of problemLines(path ?? "stdin", parsed.problems)) context.addIssue(message);
    return z.NEVER;
  }
  const file = only === undefined ? parsed.file : onlyTask(parsed.file, only);
  if (file === null) {
    context.addIssue(`the pipeline has no stage or step ${placeIn(only!)}`);
    return z.NEVER;
  }
  const read = await paramsSchema(file.pipeline.params).strict().safeParseAsync(params);
  if (read.success) return { file, params: read.data, only };
  for (const { message, path: place } of read.error.issues)
    context.addIssue({ code: "custom", message, path: ["params", ...place] });
  return z.NEVER;
}
