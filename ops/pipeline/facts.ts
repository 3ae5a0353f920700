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
  const all = runnersOf(pipeline).map((runner): FromShell => {
    const { inside } = runner;
    if (inside === null) return { variables: [], secrets: {} };
    const { variables, secrets } = fromShellInside(inside);
    const own = inside.params.flatMap((param) => {
      const source = param.secret ? runner.sourceOf(param) : undefined;
      return source !== undefined && isOfShell(source) ? [[`${param.name} of ${inside.name}`, source]] : [];
    });
    return {
      variables: [...inside.envFrom, ...variables],
      secrets: { ...secrets, ...Object.fromEntries(own) },
    };
  });
  return {
    variables: all.flatMap(({ variables }) => variables),
    secrets: Object.assign({}, ...all.map(({ secrets }) => secrets)),
  };
}

const isOfShell = (source: string) => !source.startsWith("file:");

/** For the type that runs any file: its parameters hold the file, and the parameters of the file. */
export function tellFactsOfAny(Type: object): void {
  setPipelineFacts(Type, (given, input) => {
    const { file, params } = given as { file: PipelineFile; params: Record<string, unknown> };
    const facts = factsOf(file.pipeline, params, (input.params ?? {}) as Record<string, unknown>);
    return { ...facts, input: { ...input, params: facts.input } };
  });
}
