/** Pipelines made by hand, and runs of them with the runner of the worker. */

import type {
  Command,
  Pipeline,
  PipelineCommand,
  PipelineFile,
  PipelineParam,
  PipelineStage,
  Template,
} from "../../../ops/pipeline/definition.js";
import { gracePeriodOf } from "../../../ops/pipeline/run/finally.js";
import {
  type PipelineResult,
  pipelineResultText,
  runPipeline,
} from "../../../ops/pipeline/run/pipeline.js";
import { LiveOperation, type Progress } from "../../../ops/sdk/live-operation.js";

/** `a $name b` as a template. */
export function template(text: string): Template {
  return text.split(/(\$[A-Za-z_]\w*)/).flatMap((part): Array<Template[number]> => {
    if (part === "") return [];
    return part.startsWith("$") ? [{ name: part.slice(1) }] : [{ text: part }];
  });
}

export function script(text: string, line = 1): Command {
  return { kind: "script", script: text, line };
}

export function words(...list: string[]): Command {
  return { kind: "words", words: list.map(template), line: 1 };
}

export function envOf(variables: Record<string, string>): PipelineCommand["env"] {
  return new Map(Object.entries(variables).map(([name, text]) => [name, template(text)]));
}

export function command(
  run: Command | string,
  more: Partial<PipelineCommand> = {},
): PipelineCommand {
  return {
    run: typeof run === "string" ? script(run) : run,
    env: new Map(),
    cwd: null,
    timeout: null,
    tty: false,
    ...more,
  };
}

export function stage(
  name: string,
  run: Command | string,
  more: Partial<PipelineStage> = {},
): PipelineStage {
  const rest = {
    when: null,
    allowFailure: false,
    outputs: [],
    rules: [],
    steps: null,
    approve: null,
  };
  return {
    name,
    ...command(run),
    ...rest,
    retry: { attempts: 1, backoff: 0, exit: null },
    ...more,
  };
}

export function param(name: string, more: Partial<PipelineParam> = {}): PipelineParam {
  return { name, type: "string", required: false, secret: false, description: null, ...more };
}

export function fileOf(
  stages: PipelineStage[],
  more: Partial<Pipeline> = {},
  text = "",
): PipelineFile {
  const rest = { description: null, params: [], env: new Map(), cwd: null, timeout: null };
  const flags = { failIfOdd: false };
  const pipeline = {
    name: "nightly",
    ...rest,
    ...flags,
    stages,
    on: null,
    finally: null,
    then: null,
    ...more,
  };
  return { pipeline, text, path: "/pipelines/nightly.yaml", files: {} };
}

/** An operation type that runs the pipeline. */
export function typeOf(file: PipelineFile) {
  return class Nightly extends LiveOperation {
    static stages = file.pipeline.stages.map(({ name }) => name);
    static resumable = true;
    static gracePeriod = gracePeriodOf(file.pipeline);
    static resultText = (result: PipelineResult) => pipelineResultText(result);

    async run(p: Progress<Nightly>): Promise<void> {
      const params = this.params as Record<string, unknown>;
      await runPipeline(p, { file, params, operation: this });
    }
  };
}
