/**
 * The names that stand for values, while a file is read from top to bottom: parameters, outputs of
 * the stages above, and variables of `env`.
 */
import {
  ALLOWED_VARIABLES,
  BASE_VARIABLES,
  nameMatcher,
  OPERATION_VARIABLES,
  RESERVED_VARIABLES,
} from "../../../protocol/environment.js";
import { OF_PROGRAMS, OWN_PREFIX, VARIABLE_PATTERN } from "../../../protocol/pipeline/values.js";
import { isTypo, nearest } from "../../../protocol/text/nearest.js";
import type { Template } from "../definition.js";
import { outcomeVariable } from "../outcomes.js";
import { onlyName, parseTemplate } from "../template.js";
import type { NamedFiles } from "./named-files.js";
import { type Place, type Problems, quoted } from "./problems.js";
import { unsetNames } from "./script-names.js";
import type { ScalarNode } from "./yaml-tree.js";

interface Known {
  /** For a message: `the parameter level`. */
  what: string;
  /** Another variable of `env` may have the same name. */
  isVariable: boolean;
  isSecret: boolean;
  isList: boolean;
  /** Why the name may have no value; null: it always has one. */
  mayBeMissing: string | null;
  /** Several stages may tell it. */
  isAnswer?: boolean;
  isOutput?: boolean;
}

const PLAIN = { isVariable: false, isSecret: false, isList: false, mayBeMissing: null };

/**
 * Where a template is used. A secret is allowed in `env`, and in `given` by its reference. `each`:
 * values that name steps. `path`: of `needs` and `makes`. `given`: a parameter of an operation
 * inside of this one.
 */
export type Use = "env" | "words" | "cwd" | "with" | "given" | "each" | "path" | "question";

const NO_SECRET: Record<Exclude<Use, "env">, string> = {
  given:
    "would be stored in the record of the operation; give the parameter that is the secret, alone",
  words: 'would be visible in the list of processes; use env, and a script that reads "$NAME"',
  cwd: "would be visible in the record of the operation",
  each: "would be visible as the name of a step",
  path: "would be visible in the reason why the stage runs",
  question: "would be visible in the question",
  with: 'would be stored in the record of the next operation; give that operation its own source, such as "env:NAME"',
};

/** A common mistake: only a shell knows the environment of the submit. */
const NO_ENVIRONMENT: Partial<Record<Use, string>> = {
  words: "; for a variable of the environment, write run as a script",
  env: "; a script can extend a variable of the environment itself",
};

/** Names that stages give, also those that do not exist yet. */
export interface LaterNames {
  /** The stage of each output. */
  outputs: ReadonlyMap<string, string>;
  /** The stages of each variable of an outcome. */
  outcomes: ReadonlyMap<string, readonly string[]>;
}

export class Scope {
  readonly #known: Map<string, Known>;

  constructor(
    private readonly problems: Problems,
    private readonly later: LaterNames,
    readonly files: NamedFiles,
    known: Map<string, Known> = new Map(BUILT_IN),
  ) {
    this.#known = known;
  }

  /** A scope with the names of this one, for the variables of one stage. */
  inner(): Scope {
    return new Scope(this.problems, this.later, this.files, new Map(this.#known));
  }

  /** The same scope, for a part of the pipeline that stands in another file. */
  within(problems: Problems): Scope {
    return new Scope(problems, this.later, this.files, this.#known);
  }

  addParam(
    name: string,
    param: { isSecret: boolean; isList: boolean; mayBeMissing: boolean },
  ): void {
    const { isSecret, isList } = param;
    const mayBeMissing = param.mayBeMissing ? "write required: true, or a default" : null;
    this.#known.set(name, {
      ...PLAIN,
      what: `the parameter ${name}`,
      isSecret,
      isList,
      mayBeMissing,
    });
  }

  addOutput(name: string, stage: string): void {
    const what = `the output ${name} of the stage ${quoted(stage)}`;
    this.#known.set(name, { ...PLAIN, what, isOutput: true });
  }

  /** Whether the name is free, or that of an output, which a later stage may tell again. */
  mayTell(name: string): boolean {
    return this.#known.get(name)?.isOutput ?? !this.#known.has(name);
  }

  /** The variable of a stage that has ended. Two stages of one variable have none. */
  addOutcome(stage: string): void {
    const name = outcomeVariable(stage);
    if (name !== null && this.later.outcomes.get(name)?.length === 1)
      this.#known.set(name, { ...PLAIN, what: `the outcome of the stage ${quoted(stage)}` });
  }

  /**
   * The answer of a stage with `approve`; that of a later one takes its place. @returns what has
   * the name already
   */
  addAnswer(name: string, stage: string): string | null {
    const known = this.#known.get(name);
    if (known !== undefined && !known.isAnswer) return known.what;
    this.addOutput(name, stage);
    this.#known.get(name)!.isAnswer = true;
    return null;
  }

  /** A name of `each`. */
  addValue(name: string): void {
    this.#known.set(name, { ...PLAIN, what: `the value ${name} of each` });
  }

  mayBeMissing(name: string): boolean {
    return (this.#known.get(name)?.mayBeMissing ?? null) !== null;
  }

  isSecret(name: string): boolean {
    return this.#known.get(name)?.isSecret ?? false;
  }

  /** Whether the name is that of a parameter that is a list. */
  isList(name: string): boolean {
    return this.#known.get(name)?.isList ?? false;
  }

  addVariable(name: string, template: Template): void {
    const isSecret = template.some(
      (part) => "name" in part && this.#known.get(part.name)?.isSecret,
    );
    this.#known.set(name, { ...PLAIN, what: `the variable ${name}`, isVariable: true, isSecret });
  }

  /** What has the name already; null: nothing. */
  taken(name: string): string | null {
    return this.#known.get(name)?.what ?? null;
  }

  /** Whether a variable of `env` would hide a parameter or an output, with what it would hide. */
  hidden(name: string): string | null {
    const known = this.#known.get(name);
    if (known !== undefined && !known.isVariable) return known.what;
    const stage = this.later.outputs.get(name);
    return stage === undefined ? null : `the output ${name} of the stage ${quoted(stage)}`;
  }

  /** The template of a text of the file. Adds the problems of its names. */
  template(node: ScalarNode, key: string, use: Use): Template {
    const parsed = parseTemplate(node.text);
    if ("problem" in parsed) {
      this.problems.add(node.at, key, `${key}: ${parsed.problem}`);
      return [];
    }
    const { template } = parsed;
    const isWhole = onlyName(template) !== null;
    for (const part of template)
      if ("name" in part) this.#check(part.name, node.at, key, use, isWhole);
    return template;
  }

  /** Warns of names that the script reads and nothing sets, as far as that is sure. */
  warnOfUnset({ text, placeOf }: ScalarNode, key: string): void {
    for (const { name, at } of unsetNames(text)) {
      if (this.#known.has(name) || isUsual(name) || OF_PROGRAMS_PATTERN.test(name)) continue;
      const near = nearest(name, [...this.#known.keys(), ...OF_COMMANDS]);
      // Any other name in capitals may be a variable of the submit.
      const isSure = name.startsWith(OWN_PREFIX) || near.some((each) => isTypo(name, each));
      if (/^[A-Z_][A-Z0-9_]*$/.test(name) && !isSure) continue;
      const why = this.#notYet(name);
      let hint = `write \${${name}:-} where it may be unset, or add ${name} to params or env`;
      if (why !== null) hint = `it is ${why}`;
      else if (near.length > 0) hint = `did you mean ${near.join(" or ")}?`;
      const place = placeOf(at, text.startsWith("${", at) ? name.length + 2 : name.length + 1);
      this.problems.warn(place, key, `${key}: nothing sets $${name}; ${hint}`, near);
    }
  }

  /** Completes "it is …" for a name that a stage gives later; null: no stage gives it. */
  #notYet(name: string): string | null {
    const output = this.later.outputs.get(name);
    if (output !== undefined)
      return `an output of the stage ${quoted(output)}, which has not run then`;
    const [stage, other] = this.later.outcomes.get(name) ?? [];
    if (stage === undefined) return null;
    return other === undefined
      ? `the outcome of the stage ${quoted(stage)}, which has not run then`
      : `the outcome of the stages ${quoted(stage)} and ${quoted(other)}; give one of them another name`;
  }

  #check(name: string, at: Place, key: string, use: Use, isWhole: boolean): void {
    const known = this.#known.get(name);
    if (known === undefined) {
      this.#unknown(name, at, key, use);
      return;
    }
    const { what, isSecret, isList, isVariable, mayBeMissing } = known;
    if (
      isList &&
      (use === "cwd" || use === "path" || use === "each" || (use === "words" && !isWhole))
    ) {
      let hint = `a script reads it as "$${name}", one value a line`;
      if (use === "words") hint = `as a word of its own, $${name} becomes a word for each value`;
      if (use === "each")
        hint = `in the place of the list of values, $${name} makes a step for each value`;
      this.problems.add(at, key, `${key}: ${what} is a list, which is no single text; ${hint}`);
    } else if (isSecret && use !== "env" && !(use === "given" && isWhole && !isVariable)) {
      this.problems.add(at, key, `${key}: ${what} holds a secret, which ${NO_SECRET[use]}`);
    } else if (mayBeMissing !== null && !(use === "given" && isWhole))
      this.problems.add(at, key, `${key}: ${what} may have no value; ${mayBeMissing}`);
  }

  #unknown(name: string, at: Place, key: string, use: Use): void {
    const why = this.#notYet(name);
    if (why !== null) {
      this.problems.add(at, key, `${key}: $${name} is ${why}`);
      return;
    }
    const hint = NO_ENVIRONMENT[use] ?? "";
    const message = `${key}: $${name} is no parameter, no output of a stage above and no variable of env${hint}`;
    this.problems.addNear(at, key, message, name, this.#known.keys());
  }
}

/** Without the names of stage and step, which the author knows. */
const BUILT_IN: ReadonlyMap<string, Known> = new Map(
  Object.keys(OPERATION_VARIABLES)
    .filter((name) => name !== "LIVEOPS_STAGE" && name !== "LIVEOPS_STEP")
    .map((name) => [name, { ...PLAIN, what: `the variable ${name}` }]),
);

/** Variables of liveops that a command has, besides `OPERATION_VARIABLES`. */
const OF_COMMANDS = ["LIVEOPS_REPORT", "LIVEOPS_OUTPUT", "LIVEOPS_OUTCOME", "LIVEOPS_FAILED_STAGE"];

/** Variables that every command has, or may have, by convention. */
const isUsual = nameMatcher([
  ...BASE_VARIABLES,
  ...ALLOWED_VARIABLES,
  ...RESERVED_VARIABLES,
  ...OF_COMMANDS,
  "*_proxy",
  "npm_*",
]);

const OF_PROGRAMS_PATTERN = new RegExp(`^(?:${OF_PROGRAMS})$`);

/**
 * Why a name cannot be that of a parameter or an output (`isGiven`), or of a variable of `env`;
 * null: it can.
 */
export function nameProblem(name: string, isGiven: boolean): string | null {
  if (!VARIABLE_PATTERN.test(name)) {
    const fixed = name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");
    const hint = VARIABLE_PATTERN.test(fixed) && /[A-Za-z]/.test(fixed) ? `, such as ${fixed}` : "";
    return `${quoted(name)} is not the name of a variable: use letters, digits and _${hint}`;
  }
  if (name.startsWith(OWN_PREFIX))
    return `${name} is reserved: names of liveops begin with ${OWN_PREFIX}`;
  if (!isGiven) return null;
  if (OF_PROGRAMS_PATTERN.test(name) || name in Object.prototype)
    return `${name} is a name that shells or programs use themselves; choose another name`;
  return null;
}
