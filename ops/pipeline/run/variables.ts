/**
 * The values that commands of a pipeline see: the environment of a script, and the names of
 * templates.
 *
 * Where several have the same name, the later of these counts: environment of the submit, params,
 * outputs and outcomes of earlier stages, values of `each`, `env` of the pipeline, `env` of the
 * stage, variables of liveops.
 */
import { OPERATION_VARIABLES } from "../../../protocol/environment.js";
import type { Pipeline, PipelineCommand } from "../definition.js";
import { whyNotVariable } from "../limits.js";
import { outcomeVariable, outcomeVariables, type StageOutcome } from "../outcomes.js";
import { fill, onlyName, type Scope, textOf, type Value, ValueError } from "../template.js";

/**
 * The variables of a command; undefined: not in its environment, even if the submit has one of this
 * name.
 */
export type Environment = Record<string, string | undefined>;

/** Variables of liveops that only some commands have, whatever the submit has set. */
const NOT_SET: Environment = {
  LIVEOPS_OUTPUT: undefined,
  LIVEOPS_OUTCOME: undefined,
  LIVEOPS_FAILED_STAGE: undefined,
};

/** A list: several steps told the output, in their order. */
export type Output = string | readonly string[];

/** What a stage knows of the pipeline around it, where it runs as an operation of its own. */
export interface HandedOn {
  /** Outputs and outcomes of the stages before, and values of `each`. */
  values: Readonly<Record<string, Output>>;
  /** Why outputs are missing, by name. */
  missing: Readonly<Record<string, string>>;
}

export class Variables {
  readonly #outputs = new Map<string, Output>();
  /** Why outputs are missing, by name. */
  readonly #missing: Map<string, string>;
  /** With the values of the pipeline around this one. */
  readonly #params: ReadonlyMap<string, Value>;
  /** By variable; undefined: the stage has not run yet. */
  readonly #outcomes: Map<string, StageOutcome | undefined>;

  /**
   * @param params - parsed, with defaults
   * @param secrets - the values of the secret params
   * @throws Error for a value that no environment can hold
   */
  constructor(
    private readonly pipeline: Pipeline,
    params: Readonly<Record<string, unknown>>,
    secrets: ReadonlyMap<string, string>,
    { values, missing }: HandedOn = { values: {}, missing: {} },
  ) {
    const given = pipeline.params.map(({ name, secret }) => {
      const value = (secret ? secrets.get(name) : params[name]) as Value;
      if (value !== undefined) checkVariable(`the parameter ${name}`, textOf(value));
      return [name, value] as const;
    });
    this.#params = new Map<string, Value>([...given, ...Object.entries(values)]);
    this.#missing = new Map(Object.entries(missing));
    const stages = [...outcomeVariables(pipeline.stages.map(({ name }) => name))];
    this.#outcomes = new Map(
      stages.flatMap(([name, of]) => (of.length === 1 ? [[name, undefined]] : [])),
    );
  }

  get outputs(): Record<string, Output> {
    return Object.fromEntries(this.#outputs);
  }

  /** @throws Error for a list that no environment can hold */
  setOutputs(outputs: Readonly<Record<string, Output>>): void {
    for (const [name, value] of Object.entries(outputs)) {
      if (typeof value !== "string")
        checkVariable(`the output ${name} of ${value.length} steps`, textOf(value));
      this.#outputs.set(name, value);
    }
  }

  /**
   * These outputs have no value, unless one was set. @param why - completes "the output x is
   * missing: …"
   */
  missOutputs(names: readonly string[], why: string): void {
    for (const name of names) if (!this.#outputs.has(name)) this.#missing.set(name, why);
  }

  /** How a stage ended, for the commands after it. */
  setOutcome(stage: string, outcome: StageOutcome): void {
    const name = outcomeVariable(stage);
    if (name !== null && this.#outcomes.has(name)) this.#outcomes.set(name, outcome);
  }

  /** @param values - of `each` */
  handOn(values: ReadonlyMap<string, string>): HandedOn {
    const outcomes = [...this.#outcomes].flatMap(([name, outcome]) =>
      outcome ? [[name, outcome]] : [],
    );
    return {
      values: Object.fromEntries([...this.#outputs, ...outcomes, ...values]),
      missing: Object.fromEntries(this.#missing),
    };
  }

  /** The values of a parameter that is a list. */
  listOf(param: string): readonly string[] {
    const value = this.#params.get(param);
    return typeof value === "object" ? value : [];
  }

  /**
   * The environment of a command and the scope of its words.
   *
   * @param own - variables of liveops for it
   * @param values - of `each`
   */
  of(
    spec: Pick<PipelineCommand, "env">,
    own: Record<string, string>,
    values?: ReadonlyMap<string, string>,
  ): { env: Environment; scope: Scope } {
    const layers: ReadonlyMap<string, string>[] = values ? [values] : [];
    const scope: Scope = { valueOf: (name) => this.#valueOf(name, layers, own) };
    for (const templates of [this.pipeline.env, spec.env]) {
      const layer = new Map<string, string>();
      layers.unshift(layer);
      for (const [name, template] of templates) {
        const only = onlyName(template);
        // The script then fails by its -u where it uses the variable, and can test it before.
        if (only !== null && this.#isMissing(only, layers, own)) continue;
        const text = fill(template, scope);
        checkVariable(`the variable ${name}`, text);
        layer.set(name, text);
      }
    }
    const env: Environment = {};
    for (const [name, value] of this.#params)
      env[name] = value === undefined ? undefined : textOf(value);
    for (const name of this.#missing.keys()) env[name] = undefined;
    for (const [name, value] of this.#outputs) env[name] = textOf(value);
    for (const [name, outcome] of this.#outcomes) env[name] = outcome;
    for (const layer of layers.toReversed()) Object.assign(env, Object.fromEntries(layer));
    return { env: Object.assign(env, NOT_SET, own), scope };
  }

  #isMissing(
    name: string,
    layers: ReadonlyArray<ReadonlyMap<string, string>>,
    own: Record<string, string>,
  ): boolean {
    if (layers.some((layer) => layer.has(name)) || this.#outputs.has(name)) return false;
    return this.#missing.has(name) || this.#valueOf(name, [], own) === undefined;
  }

  #valueOf(
    name: string,
    layers: ReadonlyArray<ReadonlyMap<string, string>>,
    own: Record<string, string>,
  ): Value {
    for (const layer of layers) if (layer.has(name)) return layer.get(name);
    if (this.#outputs.has(name)) return this.#outputs.get(name);
    const why = this.#missing.get(name);
    if (why !== undefined) throw new ValueError(`the output ${name} is missing: ${why}`);
    if (this.#params.has(name)) return this.#params.get(name);
    if (this.#outcomes.has(name)) return this.#outcomes.get(name);
    return own[name] ?? (Object.hasOwn(OPERATION_VARIABLES, name) ? process.env[name] : undefined);
  }
}

/** @throws ValueError if no environment can hold the text */
function checkVariable(what: string, text: string): void {
  const problem = whyNotVariable(text);
  if (problem !== null) throw new ValueError(`${what} ${problem}`);
}
