/** Runs the stages of a pipeline, one after another. */
import type { LiveOperation, Progress } from "liveops";
import type { Command, PipelineFile, Template } from "./definition.js";

export interface PipelineContext {
  file: PipelineFile;
  /** Parsed, with defaults. */
  params: Readonly<Record<string, unknown>>;
  operation: LiveOperation;
}

/** @throws ExecError of the first command that fails */
export async function runPipeline(p: Progress<unknown>, { file, params }: PipelineContext): Promise<void> {
  for (const { name, run } of file.pipeline.stages) {
    await p.stage(name, async () => {
      const [command = "", ...args] = wordsOf(run, params);
      await p.exec(command, args, { env: variables(params), status: "unfinished" });
    });
  }
}

function wordsOf(command: Command, params: PipelineContext["params"]): string[] {
  if (command.kind === "script") return ["bash", "-euo", "pipefail", "-c", command.script];
  return command.words.map((word) => textOf(word, params));
}

function textOf(template: Template, params: PipelineContext["params"]): string {
  return template.map((part) => ("text" in part ? part.text : String(params[part.name]))).join("");
}

function variables(params: PipelineContext["params"]): Record<string, string> {
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
