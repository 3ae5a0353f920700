/**
 * The names of queues and types that a pipeline uses. Only where it is submitted is it known
 * whether they exist.
 */
import { type JsonSchema, type ObjectShape, objectShape } from "../schema/json-schema.js";
import { misfitOf, unknownName } from "../schema/misfit.js";
import { nearest } from "../text/nearest.js";

/** Where a value stands in a file. */
export interface NamePlace {
  line: number;
  column: number;
  key: string;
  /** Absolute; absent: the file of the pipeline. */
  file?: string;
}

/** Parameters; a value that is not known yet is absent. */
type GivenParams = ReadonlyArray<{
  name: string;
  at: NamePlace;
  isSecret: boolean;
  value?: unknown;
}>;

export type UsedName = { name: string; at: NamePlace } & (
  | { kind: "queue" }
  | { kind: "type"; given: GivenParams }
);

export interface KnownNames {
  queues: readonly string[];
  /** The schema of the parameters; null: it is not known. */
  types: ReadonlyMap<string, JsonSchema | null>;
}

export interface NameProblem extends NamePlace {
  message: string;
  nearest: string[];
}

export function problemsOfNames(
  uses: readonly UsedName[],
  { queues, types }: KnownNames,
): NameProblem[] {
  return uses.flatMap((use) => {
    const { kind, name, at } = use;
    const isKnown = kind === "queue" ? queues.includes(name) : types.has(name);
    if (!isKnown) {
      const near = nearest(name, kind === "queue" ? queues : types.keys());
      const hint = near.length === 0 ? CREATE[kind] : `did you mean ${near.join(" or ")}?`;
      return [problem(at, `: there is no ${WHAT[kind]} ${name}; ${hint}`, near)];
    }
    const schema = kind === "queue" ? null : types.get(name)!;
    return kind === "queue" || schema === null ? [] : problemsOfParams(name, at, use.given, schema);
  });
}

const WHAT = { queue: "queue", type: "operation type" };
const CREATE = {
  queue: "liveops queue set creates one",
  type: "liveops ops lists them; for a file write its ending, such as build.yaml",
};

/** @param op - the type, or the file, in messages */
export function problemsOfParams(
  op: string,
  at: NamePlace,
  given: GivenParams,
  schema: JsonSchema,
): NameProblem[] {
  const { properties, required, rest } = objectShape(schema, schema) ?? EVERYTHING;
  const missing = [...required].filter((name) => !given.some((each) => each.name === name));
  return [
    ...missing.map((name) =>
      problem(at, `: ${op} needs the parameter ${name}; add with: { ${name}: … }`),
    ),
    ...given.flatMap(({ name, at: place, isSecret, value }) => {
      const property = properties.get(name) ?? rest;
      if (property === null)
        return [
          problem(
            place,
            `: ${op} ${unknownName(name, properties.keys())}`,
            nearest(name, properties.keys()),
          ),
        ];
      const misfit = value === undefined ? null : misfitOf(value, property, schema);
      if (misfit !== null) return [problem(place, ` ${misfit.text}`)];
      const takesSecret = property.writeOnly === true;
      const isGiven = isSecret || (takesSecret && SECRET_SOURCE.test(String(value)));
      return takesSecret === isGiven ? [] : [problem(place, takesSecret ? A_SECRET : NO_SECRET)];
    }),
  ];
}

/** Where the value of a secret is; nobody is there to type it. */
const SECRET_SOURCE = /^(?:env:[A-Za-z_]\w*|file:.+)$/s;
const A_SECRET = " takes a secret: $name of a secret, env:NAME or file:PATH";
const NO_SECRET = " takes no secret: it would get the source, such as env:NAME, and not the value";

const EVERYTHING: ObjectShape = { properties: new Map(), required: new Set(), rest: {} };

function problem(at: NamePlace, text: string, near: string[] = []): NameProblem {
  return { ...at, message: at.key + text, nearest: near };
}
