/** Reads what makes steps of a stage: `parallel` and `each`, with `at_once` and `on_failure`. */
import { MAX_AT_ONCE, MAX_STEPS } from "../../../protocol/limits.js";
import type { STAGE_KEYS } from "../../../protocol/pipeline/keys.js";
import type { EachValues, PipelineSteps, PipelineTask, Template } from "../definition.js";
import { PIPELINE_FEATURES } from "../features.js";
import { whyTooManyPaths } from "../limits.js";
import { onlyName, signOf } from "../template.js";
import { quoted } from "./problems.js";
import { nameProblem, type Scope } from "./scope.js";
import type { Field, Section } from "./values.js";
import { nodeOf } from "./yaml-tree.js";

type StageSection = Section<keyof typeof STAGE_KEYS>;

/** Keys of a stage that a step of `parallel` has itself. */
const OF_STEPS = [
  "run",
  "op",
  "with",
  "queue",
  "timeout",
  "retry",
  "tty",
  "outputs",
  "needs",
  "makes",
  "each",
] as const;

/**
 * @param scope - of the stage: with its `env`; gets the names of `each`
 * @param readStep - reads a step of `parallel`
 * @returns null: the stage runs its command once
 */
export function readSteps(
  section: StageSection,
  scope: Scope,
  readStep: (field: Field) => PipelineTask,
): PipelineSteps | null {
  const [parallel, each] = [section.get("parallel"), section.get("each")];
  const [atOnce, onFailure] = [section.get("at_once"), section.get("on_failure")];
  if (parallel === undefined && each === undefined) {
    for (const field of [atOnce, onFailure])
      field?.keyProblem(
        `${field.key} is for the steps of parallel or each, and the stage has none`,
      );
    return null;
  }
  if (parallel !== undefined)
    for (const name of OF_STEPS) {
      const isInstead = name === "run" || name === "op" || name === "each";
      const why = isInstead ? "write one of them" : "write it in each step that needs it";
      const field = section.get(name);
      field?.keyProblem(`${field.key} is not possible beside parallel; ${why}`);
    }
  const ofParallel =
    parallel === undefined ? [] : uniquelyNamed(parallel.items(""), "step", readStep);
  if (parallel !== undefined)
    for (const feature of PIPELINE_FEATURES) feature.checkSteps(parallel, ofParallel);
  return {
    parallel: ofParallel,
    each: parallel === undefined ? readEach(each!, scope) : [],
    atOnce: atOnce?.whole(MAX_AT_ONCE) ?? null,
    onFailure: onFailure !== undefined && isFinish(onFailure) ? "finish" : "stop",
  };
}

function isFinish(field: Field): boolean {
  if (!field.is("finish") && !field.is("stop")) field.refuse();
  return field.is("finish");
}

function readEach(field: Field, scope: Scope): EachValues[] {
  const entries = field.entries("a list, $name of a list, { lines: FILE } or { glob: PATTERN }");
  if (field.node.kind === "map" && entries.length === 0) field.refuse();
  const all = entries.flatMap(([name, values]) => readValues(name, values, scope) ?? []);
  // A value may not use another one.
  for (const { name } of all) scope.addValue(name);
  const count = all.reduce(
    (n, { source }) => n * (source.kind === "list" ? source.items.length : 1),
    1,
  );
  if (count > MAX_STEPS)
    field.keyProblem(
      `${field.key} makes ${count.toLocaleString("en-US")} steps, more than ${MAX_STEPS.toLocaleString("en-US")}; divide the values among several stages`,
    );
  return all;
}

function readValues(name: string, field: Field, scope: Scope): EachValues | null {
  const taken = scope.taken(name);
  const problem =
    nameProblem(name, true) ??
    (taken === null ? null : `${quoted(name)} is the name of ${taken}; choose another name`);
  if (problem !== null) {
    field.keyProblem(`each: ${problem}`);
    return null;
  }
  const source = sourceOf(field, scope);
  const { file } = field.problems;
  return source && { name, source, ...field.node.at, file };
}

function sourceOf(field: Field, scope: Scope): EachValues["source"] | null {
  const { node, key } = field;
  if (node.kind === "list") return { kind: "list", items: itemsOf(field, scope) };
  if (node.kind === "map") {
    const [entry, ...others] = field.entries("a text");
    if (entry === undefined || others.length > 0) return field.refuse();
    const [kind, value] = entry;
    if (kind !== "lines" && kind !== "glob") return field.refuse();
    const text = value.template(scope, "each");
    const many = kind === "glob" && text !== null ? whyTooManyPaths(signOf(text)) : null;
    if (many !== null) value.problem(`${value.key}: ${quoted(value.text() ?? "")} ${many}`);
    return text && { kind, text };
  }
  const text = field.text();
  if (text === null) return null;
  const [, bare, braced = bare] = /^\$(?:(\w+)|\{(\w+)\})$/.exec(text) ?? [];
  if (braced !== undefined && scope.isList(braced)) return { kind: "param", param: braced };
  const param = braced === undefined ? null : onlyName(scope.template(node, key, "each"));
  if (param === null) return field.refuse();
  const what = scope.taken(param);
  // A name that does not exist is a problem already.
  if (what !== null)
    field.problem(`${key}: ${what} is no list; a parameter is one with type: list`);
  return null;
}

function itemsOf(field: Field, scope: Scope): Template[] {
  const texts = new Set<string>();
  return field.items("a text or a number").flatMap((item) => {
    const scalar = item.scalar();
    if (scalar === null) return [];
    if (texts.has(scalar.text))
      item.problem(`${field.key} has the value ${quoted(scalar.text)} twice; remove one`);
    texts.add(scalar.text);
    return [scope.template(scalar, item.key, "each")];
  });
}

/** Reads named items, and adds a problem for each name that is that of an earlier item too. */
export function uniquelyNamed<T extends { name: string }>(
  items: readonly Field[],
  what: "stage" | "step",
  read: (item: Field) => T,
): T[] {
  const places = new Map<string, string>();
  return items.map((item) => {
    const named = read(item);
    const { at } = item.node;
    const { file } = item.problems;
    const first = places.get(named.name);
    if (first === undefined)
      places.set(named.name, `line ${at.line}${file === undefined ? "" : ` of ${file}`}`);
    else if (named.name !== "") {
      const message = `the name ${quoted(named.name)} is that of the ${what} in ${first} too; choose another`;
      item.problems.add(nodeOf(item.node, "name")?.at ?? at, `${item.key}.name`, message);
    }
    return named;
  });
}
