/** Reads the values of a pipeline file: maps with known keys, texts, flags, durations, commands. */

import { MAX_DURATION, type PipelineKeys } from "../../../protocol/pipeline/values.js";
import { parseDuration } from "../../../protocol/text/duration.js";
import type { Command, Template, TemplateValue } from "../definition.js";
import { FOREIGN, NO_EXPRESSIONS } from "../template.js";
import { type Place, type Problems, quoted } from "./problems.js";
import { nameProblem, type Scope, type Use } from "./scope.js";
import type { ScalarNode, TreeNode } from "./yaml-tree.js";

/** Keys of other tools, with the key of a pipeline that does the same. */
const SYNONYMS: Record<string, string> = {
  id: "name",
  command: "run",
  cmd: "run",
  cmds: "run",
  script: "run",
  workflow: "op",
  shell: "run",
  if: "when",
  condition: "when",
  preconditions: "when",
  "continue-on-error": "allow_failure",
  continue_on_error: "allow_failure",
  ignore_error: "allow_failure",
  "allow-failure": "allow_failure",
  "working-directory": "cwd",
  working_directory: "cwd",
  workdir: "cwd",
  dir: "cwd",
  "timeout-minutes": "timeout",
  retries: "retry",
  retryPolicy: "retry",
  environment: "env",
  vars: "env",
  inputs: "params",
  parameters: "params",
  steps: "stages",
  tasks: "stages",
  jobs: "stages",
  matrix: "each",
  for: "each",
  foreach: "each",
  "max-parallel": "at_once",
  max_parallel: "at_once",
  concurrency: "at_once",
  "fail-fast": "on_failure",
  fail_fast: "on_failure",
  interval_sec: "backoff",
  interval: "backoff",
  max_attempts: "attempts",
  limit: "attempts",
  sources: "needs",
  generates: "makes",
  on_exit: "finally",
  next: "then",
  options: "enum",
  choices: "enum",
};

const IN_ORDER = "stages run in the order of the file, and the steps of parallel side by side";
const NO_ACTIONS = "a stage is a command or an operation; write run, or op";
const NO_SERVICES =
  "a stage can start a server in the background, with its output in a file, and finally ends it";
const SCHEDULED = "add a schedule with: liveops schedule add";

/** Keys of other tools that no key of a pipeline replaces, with what to do. */
const WITHOUT_KEY: Record<string, string> = {
  needs: `needs is a key of a stage or step, for the files that it reads; ${IN_ORDER}`,
  deps: IN_ORDER,
  depends: IN_ORDER,
  depends_on: IN_ORDER,
  steps: `a stage has one command, or steps in parallel; ${IN_ORDER}`,
  services: NO_SERVICES,
  background: NO_SERVICES,
  uses: NO_ACTIONS,
  includes: "write an item - include: FILE in stages",
  action: NO_ACTIONS,
  approve: "ask in a stage of its own, before or after this one",
  strategy: "write each, with at_once and on_failure",
  schedule: SCHEDULED,
  cron: SCHEDULED,
};

/** The fields of a map whose keys were checked against their table. */
export interface Section<Name extends string = string> {
  at: Place;
  get(name: Name): Field | undefined;
}

/** A value of the file. Each method adds a problem where the value is not what the key takes. */
export class Field {
  /**
   * @param key - its path in a message; empty: the whole file
   * @param takes - what the value must be, for a message
   * @param keyAt - the position of its name
   */
  constructor(
    readonly problems: Problems,
    readonly node: TreeNode,
    readonly key: string,
    readonly takes: string,
    readonly keyAt: Place = node.at,
  ) {}

  /** A value within this one. */
  #inner(node: TreeNode, key: string, takes: string, keyAt?: Place): Field {
    return new Field(this.problems, node, key, takes, keyAt);
  }

  /** Adds a problem at the value. */
  problem(message: string, near?: readonly string[]): void {
    this.problems.add(this.node.at, this.key, message, near);
  }

  /** Adds a problem at the name. */
  keyProblem(message: string): void {
    this.problems.add(this.keyAt, this.key, message);
  }

  /** Adds that the value is not what the key takes. */
  refuse(takes: string = this.takes): null {
    const { node, key } = this;
    const isNothing = node.kind === "scalar" && node.value === null;
    let hint = isInQuotes(node, takes) ? "; remove the quotes" : "";
    if (isNothing) hint = "; remove the key, or give a value";
    this.problem(`${key} takes ${takes}, not ${shown(node)}${hint}`);
    return null;
  }

  /** Whether the value is this text. */
  is(text: string): boolean {
    return this.node.kind === "scalar" && this.node.text === text;
  }

  /**
   * The fields of a map; null: it is none. Unknown and missing keys are problems. @param of - the
   * map in a message
   */
  section<Name extends string>(
    of: string,
    keys: PipelineKeys & Record<Name, unknown>,
  ): Section<Name> | null {
    const { node, key } = this;
    const names = Object.keys(keys);
    if (node.kind !== "map") {
      this.problem(
        `${key || of} takes a map with the keys ${names.join(", ")}, not ${shown(node)}`,
      );
      return null;
    }
    const found = new Map<string, Field>();
    for (const { name, at, value } of node.entries) {
      const path = join(key, name);
      if (Object.hasOwn(keys, name))
        found.set(name, this.#inner(value, path, keys[name]!.takes, at));
      else this.#unknownKey(name, at, of, names);
    }
    for (const [name, { isRequired, takes }] of Object.entries(keys))
      if (isRequired && !found.has(name))
        this.problems.add(node.at, join(key, name), `${of} needs the key ${name}: ${takes}`);
    return { at: node.at, get: (name) => found.get(name) };
  }

  #unknownKey(name: string, at: Place, of: string, names: string[]): void {
    const path = join(this.key, name);
    const synonym = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name]! : "";
    const message = `${quoted(name)} is not a key of ${of}`;
    if (names.includes(synonym))
      this.problems.add(at, path, `${message}; write ${synonym}`, [synonym]);
    else if (Object.hasOwn(WITHOUT_KEY, name))
      this.problems.add(at, path, `${message}; ${WITHOUT_KEY[name]!}`);
    else this.problems.addNear(at, path, `${message}, which has ${names.join(", ")}`, name, names);
  }

  /** A scalar as it is written. An empty value is none. */
  scalar(): ScalarNode | null {
    return this.node.kind === "scalar" && this.node.value !== null ? this.node : this.refuse();
  }

  text(): string | null {
    const { node } = this;
    const isText =
      node.kind === "scalar" && typeof node.value === "string" && node.text.trim() !== "";
    return isText ? node.text : this.refuse();
  }

  flag(): boolean {
    const { node } = this;
    if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
    this.refuse();
    return false;
  }

  /**
   * The items of a list; none if the value is no list, or an empty one. @param takes - of each item
   */
  items(takes: string): Field[] {
    const { node, key } = this;
    const items = node.kind === "list" ? node.items : [];
    if (items.length === 0) this.refuse();
    return items.map((item, index) => this.#inner(item, `${key}[${index}]`, takes));
  }

  /** The values of a map, by name. @param takes - of each value */
  entries(takes: string): Array<[name: string, value: Field]> {
    const { node, key } = this;
    if (node.kind !== "map") this.refuse();
    const entries = node.kind === "map" ? node.entries : [];
    return entries.map(({ name, at, value }) => [
      name,
      this.#inner(value, join(key, name), takes, at),
    ]);
  }

  /** A whole number from 1. */
  whole(most: number): number {
    const value = this.node.kind === "scalar" ? this.node.value : null;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most)
      return value;
    this.refuse();
    return 1;
  }

  /** Seconds; null without a value. @param least - 0: the duration may be 0 */
  duration(least: "above 0" | 0): number | null {
    const { node } = this;
    const isGiven =
      node.kind === "scalar" && node.value !== null && typeof node.value !== "boolean";
    const seconds = isGiven ? (secondsOf(node) ?? -1) : -1;
    if (seconds < 0 || (seconds === 0 && least !== 0)) return this.refuse();
    if (seconds <= MAX_DURATION) return seconds;
    this.problem(`${this.key} takes at most ${MAX_DURATION} s, which are about 24 days`);
    return null;
  }

  /** A script, or the words of a command; null if the value is neither. */
  command(scope: Scope): Command | null {
    const { node, key } = this;
    if (node.kind === "list") return this.#words(scope);
    if (node.kind === "scalar" && typeof node.value === "boolean") {
      this.problem(
        `${key} takes ${this.takes}, and ${node.text} is a value of YAML; write "${node.text}" in quotes`,
      );
      return null;
    }
    const script = this.text();
    if (script === null) return null;
    const { textLine, placeOf } = node as ScalarNode;
    const foreign = script.indexOf(FOREIGN);
    if (foreign !== -1)
      this.problems.add(placeOf(foreign, FOREIGN.length), key, `${key}: ${NO_EXPRESSIONS}`);
    scope.warnOfUnset(node as ScalarNode, key);
    return { kind: "script", script, line: textLine, ...this.#ofFile };
  }

  #words(scope: Scope): Command | null {
    const items = this.items("a text or a number");
    const words: Template[] = [];
    for (const [index, item] of items.entries()) {
      const word = item.scalar();
      if (word === null) continue;
      if (index === 0 && word.text.trim() === "") item.refuse("a program");
      words.push(scope.template(word, item.key, "words"));
    }
    return items.length === 0
      ? null
      : { kind: "words", words, line: this.node.at.line, ...this.#ofFile };
  }

  get #ofFile(): { file?: string } {
    const { file } = this.problems;
    return file === undefined ? {} : { file };
  }

  /** Adds the variables to the scope, each after its own value. */
  env(scope: Scope): Map<string, Template> {
    const env = new Map<string, Template>();
    for (const [name, field] of this.entries('a text or a number, or "" for an empty text')) {
      const problem = nameProblem(name, false);
      const hidden = problem === null ? scope.hidden(name) : null;
      if (problem !== null) field.keyProblem(`${this.key}: ${problem}`);
      else if (hidden !== null)
        field.keyProblem(`${field.key} would hide ${hidden}, which is a variable already`);
      const scalar = field.scalar();
      if (scalar === null || problem !== null || hidden !== null) continue;
      const template = scope.template(scalar, field.key, "env");
      scope.addVariable(name, template);
      env.set(name, template);
    }
    return env;
  }

  template(scope: Scope, use: Use): Template | null {
    return this.text() === null ? null : scope.template(this.node as ScalarNode, this.key, use);
  }

  /** A parameter of another operation, in which each text is a template. */
  value(scope: Scope, use: "with" | "given"): TemplateValue {
    const { node, key } = this;
    if (node.kind === "list") {
      const items = node.items.length === 0 ? [] : this.items("");
      return { kind: "list", items: items.map((item) => item.value(scope, "with")) };
    }
    if (node.kind === "map") {
      const entries = this.entries("").map(
        ([name, each]) => [name, each.value(scope, "with")] as const,
      );
      return { kind: "map", entries: new Map(entries) };
    }
    const { value, text } = node;
    if (typeof value === "string") return { kind: "text", text: scope.template(node, key, use) };
    if (typeof value === "number" && String(value) !== text) {
      // `3.10` is the number 3.1 in JSON, so the author must say which of the two is meant.
      const or = Number.isFinite(value) ? `, or ${value} for the number` : "";
      this.problem(`${key}: ${text} is a number; write "${text}" for the text${or}`);
    }
    return { kind: "constant", value };
  }
}

function join(key: string, name: string): string {
  return key === "" ? name : `${key}.${name}`;
}

/** Whether it would be the number or the flag that the key takes, without its quotes. */
function isInQuotes(node: TreeNode, takes: string): boolean {
  if (node.kind !== "scalar" || typeof node.value !== "string") return false;
  return /^true or false/.test(takes)
    ? /^(?:true|false)$/.test(node.text)
    : /^an? (?:whole )?number/.test(takes) && /^\d+(?:\.\d+)?$/.test(node.text);
}

function secondsOf({ text, value }: ScalarNode): number | null {
  return typeof value === "number" ? value : parseDuration(text);
}

/** The node in a message. */
function shown(node: TreeNode): string {
  if (node.kind === "list") return node.items.length === 0 ? "an empty list" : "a list";
  if (node.kind === "map") return node.entries.length === 0 ? "an empty map" : "a map";
  return node.value === null ? "nothing" : quoted(node.text);
}
