/** What a submit of a pipeline must know: its secrets, and what follows it. */
import {
  type PipelineFacts,
  type SecretSources,
  setPipelineFacts,
} from "../types/pipeline-facts.js";
import type { Pipeline, PipelineFile, PipelineParam } from "./definition.js";
import { runnersOf, usesOf } from "./feature.js";
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
  const named = pipeline.params.flatMap(({ name, secret }) =>
    secret && typeof params[name] === "string" ? [[name, params[name]] as const] : [],
  );
  return {
    gracePeriod: gracePeriodOf(pipeline),
    secretSources: secretSourcesOf(pipeline, ({ name }) => params[name]),
    next: pipeline.then?.op ?? null,
    uses: usesOf(pipeline),
    actions: pipeline.on,
    input: { ...input, ...Object.fromEntries(named) },
  };
}

/**
 * The operations inside of a pipeline have the secrets of its submit.
 *
 * @param sourceOf - where the value of a secret is
 * @param of - follows the name of a secret
 */
function secretSourcesOf(
  { params, stages }: Pipeline,
  sourceOf: (param: PipelineParam) => unknown,
  of = "",
): SecretSources {
  const sources: Record<string, string> = {};
  for (const runner of runnersOf({ stages })) {
    const { inside } = runner;
    if (inside === null) continue;
    const sourceInside = ({ name, from }: PipelineParam) => {
      const given = runner.paramOf(name);
      return given === undefined ? from : given.value;
    };
    Object.assign(sources, secretSourcesOf(inside, sourceInside, ` of ${inside.name}`));
  }
  for (const param of params) {
    const source = param.secret ? sourceOf(param) : undefined;
    if (typeof source === "string" && !source.startsWith("file:"))
      sources[param.name + of] = source;
  }
  return sources;
}

/**
 * For the type that runs any file: its parameters hold the file, and the parameters of the file.
 */
export function tellFactsOfAny(Type: object): void {
  setPipelineFacts(Type, (given, input) => {
    const { file, params } = given as { file: PipelineFile; params: Record<string, unknown> };
    const facts = factsOf(file.pipeline, params, (input.params ?? {}) as Record<string, unknown>);
    const { files } = file;
    const named = Object.keys(files).length > 0 && { files };
    return { ...facts, input: { ...input, ...named, params: facts.input } };
  });
}
