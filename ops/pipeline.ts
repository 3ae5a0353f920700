/**
 * `pipeline`: runs the pipeline of a file. `liveops submit FILE.yaml` submits this type with the text of the file, so
 * that a retry runs the same text.
 *
 * Example: `liveops submit nightly.yaml target=s3:x`.
 */
import { LiveOperation, type Params, type Progress, z } from "liveops";
import type { PipelineFile } from "./pipeline/definition.js";
import { tellFactsOfAny } from "./pipeline/facts.js";
import { paramsSchema } from "./pipeline/params-schema.js";
import { LONGEST_GRACE_PERIOD } from "./pipeline/run/finally.js";
import { type PipelineResult, pipelineResultText, runPipeline } from "./pipeline/run/pipeline.js";
import { pipelineTitle, stageNames } from "./pipeline/type.js";

interface Given {
  file: PipelineFile;
  /** Parsed by the schema of the pipeline, with defaults. */
  params: Record<string, unknown>;
}

export class Pipeline extends LiveOperation<typeof Pipeline> {
  static op = "pipeline";
  static title = ({ file }: Params<typeof Pipeline>) => pipelineTitle(file.pipeline.name);
  static stages = ({ file }: Params<typeof Pipeline>) => stageNames(file);
  static historyKey = ({ file }: Params<typeof Pipeline>) => file.path ?? file.pipeline.name;
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
      params: z.record(z.string(), z.unknown()).default({}).describe("parameters of the pipeline"),
    })
    .transform(readGiven)
    .describe("run a pipeline; liveops submit FILE.yaml submits this type");

  async run(p: Progress<Pipeline>): Promise<void> {
    const { file, params } = this.params;
    await runPipeline(p, { file, params, operation: this });
  }
}

tellFactsOfAny(Pipeline);

async function readGiven(
  { text, path, params }: { text: string; path: string | null; params: Record<string, unknown> },
  context: z.RefinementCtx,
): Promise<Given> {
  // Only here, because the YAML library takes time to load.
  const { parsePipeline } = await import("./pipeline/read/parse.js");
  const { problemLines } = await import("./pipeline/read/problems.js");
  const parsed = parsePipeline(text, path);
  if (!parsed.ok) {
    for (const message of problemLines(path ?? "stdin", parsed.problems)) context.addIssue(message);
    return z.NEVER;
  }
  const { file } = parsed;
  const read = await paramsSchema(file.pipeline.params).strict().safeParseAsync(params);
  if (read.success) return { file, params: read.data };
  for (const { message, path: place } of read.error.issues)
    context.addIssue({ code: "custom", message, path: ["params", ...place] });
  return z.NEVER;
}
