/** What a pipeline takes from the shell of its submit, and what follows it. */
import { type FromShell, type PipelineFacts, setPipelineFacts } from "../types/pipeline-facts.js";
import type { Pipeline, PipelineFile } from "./definition.js";
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
  const { envFrom, params: declared, then } = pipeline;
  const named = declared.flatMap(({ name, secret }) =>
    secret && typeof params[name] === "string" ? [[name, params[name]] as const] : [],
  );
  const secrets = Object.fromEntries(named.filter(([, source]) => isOfShell(source)));
  const inside = fromShellInside(pipeline);
  return {
    gracePeriod: gracePeriodOf(pipeline),
    fromShell: {
      variables: [...new Set([...envFrom, ...inside.variables])],
      secrets: { ...inside.secrets, ...secrets },
    },
    next: then?.op ?? null,
    uses: usesOf(pipeline),
    input: { ...input, ...Object.fromEntries(named) },
  };
}

/** The operations inside of a pipeline have the variables and secrets of its submit. */
function fromShellInside(pipeline: Pipeline): FromShell {
  const variables: string[] = [];
  const secrets: Record<string, string> = {};
  for (const runner of runnersOf(pipeline)) {
    const { inside } = runner;
    if (inside === null) continue;
    const deeper = fromShellInside(inside);
    variables.push(...inside.envFrom, ...deeper.variables);
    Object.assign(secrets, deeper.secrets);
    for (const { name, from } of inside.params.filter(({ secret }) => secret)) {
      const given = runner.paramOf(name);
      const source = given === undefined ? from : given.value;
      if (typeof source === "string" && isOfShell(source)) secrets[`${name} of ${inside.name}`] = source;
    }
  }
  return { variables, secrets };
}

const isOfShell = (source: string) => !source.startsWith("file:");

/** For the type that runs any file: its parameters hold the file, and the parameters of the file. */
export function tellFactsOfAny(Type: object): void {
  setPipelineFacts(Type, (given, input) => {
    const { file, params } = given as { file: PipelineFile; params: Record<string, unknown> };
    const facts = factsOf(file.pipeline, params, (input.params ?? {}) as Record<string, unknown>);
    const { files } = file;
    const named = Object.keys(files).length > 0 && { files };
    return { ...facts, input: { ...input, ...named, params: facts.input } };
  });
}
