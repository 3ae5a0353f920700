/** What a pipeline takes from the shell of its submit, and what follows it. */
import { type PipelineFacts, setPipelineFacts } from "../types/pipeline-facts.js";
import type { Pipeline, PipelineFile } from "./definition.js";
import { gracePeriodOf } from "./run/finally.js";

/**
 * @param params - parsed, with defaults
 * @param input - as it was given
 */
export function factsOf(
  pipeline: Pipeline,
  params: Readonly<Record<string, unknown>>,
  input: Record<string, unknown>,
): PipelineFacts {
  const { envFrom, params: declared, then } = pipeline;
  const named = declared.flatMap(({ name, secret }) =>
    secret && typeof params[name] === "string" ? [[name, params[name]] as const] : [],
  );
  const secrets = Object.fromEntries(named.filter(([, source]) => !source.startsWith("file:")));
  return {
    gracePeriod: gracePeriodOf(pipeline),
    fromShell: { variables: envFrom, secrets },
    next: then?.op ?? null,
    input: { ...input, ...Object.fromEntries(named) },
  };
}

/** For the type that runs any file: its parameters hold the file, and the parameters of the file. */
export function tellFactsOfAny(Type: object): void {
  setPipelineFacts(Type, (given, input) => {
    const { file, params } = given as { file: PipelineFile; params: Record<string, unknown> };
    const facts = factsOf(file.pipeline, params, (input.params ?? {}) as Record<string, unknown>);
    return { ...facts, input: { ...input, params: facts.input } };
  });
}
