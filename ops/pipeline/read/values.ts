/** Reads the values of a pipeline file: maps with known keys, texts, flags, durations, commands. */

import { MAX_DURATION, type PipelineKey, type PipelineKeys } from "../../../protocol/pipeline/values.js";
import { parseDuration } from "../../../protocol/text/duration.js";
import type { Command, Template } from "../definition.js";
import { FOREIGN, NO_EXPRESSIONS } from "../template.js";
import { type Place, type Problems, quoted } from "./problems.js";
import { nameProblem, type Scope, type Use } from "./scope.js";
import type { ListNode, MapEntry, MapNode, ScalarNode, TreeNode } from "./yaml-tree.js";

/** A map of which each key was checked against its table. */
export interface Section {
  at: Place;
  get(name: string): MapEntry | undefined;
}

/** Keys of other tools, with the key of a pipeline that does the same. */
const SYNONYMS: Record<string, string> = {
  command: "run",
  cmd: "run",
  cmds: "run",
  script: "run",
  exec: "run",
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
  on_exit: "finally",
  after_script: "finally",
  next: "then",
  options: "enum",
  choices: "enum",
  min: "minimum",
  max: "maximum",
};

const IN_ORDER = "stages run in the order of the file";
const NO_ACTIONS = "a stage is a command; write run";
const EACH = "submit one operation for each value with: liveops submit --each FILE";
const SCHEDULED = "add a schedule with: liveops schedule add";

/** Keys of other tools that no key of a pipeline replaces, with what to do. */
const WITHOUT_KEY: Record<string, string> = {
  needs: IN_ORDER,
  deps: IN_ORDER,
  depends: IN_ORDER,
  depends_on: IN_ORDER,
  parallel: IN_ORDER,
  uses: NO_ACTIONS,
  action: NO_ACTIONS,
  matrix: EACH,
  strategy: EACH,
  schedule: SCHEDULED,
  cron: SCHEDULED,
  on: `a pipeline starts by a submit, or ${SCHEDULED}`,
};

export class Reader {
  constructor(readonly problems: Problems) {}

  /**
   * Null if the node is not a map. Unknown and missing keys are added as problems.
   *
   * @param key - path of the map; empty: the whole file
   * @param of - the map in a message: `a stage`
   */
  section(node: TreeNode, key: string, of: string, keys: PipelineKeys): Section | null {
    if (node.kind !== "map") {
      const names = Object.keys(keys).join(", ");
      const what = key === "" ? "a pipeline" : key;
      this.problems.add(node.at, key, `${what} takes a map with the keys ${names}, not ${shown(node)}`);
      return null;
    }
    const found = new Map<string, MapEntry>();
    for (const entry of node.entries) {
      if (Object.hasOwn(keys, entry.name)) found.set(entry.name, entry);
      else this.#unknownKey(entry, key, of, Object.keys(keys));
    }
    for (const [name, { isRequired, takes }] of Object.entries(keys))
      if (isRequired && !found.has(name))
        this.problems.add(node.at, join(key, name), `${of} needs the key ${name}: ${takes}`);
    return { at: node.at, get: (name) => found.get(name) };
  }

  #unknownKey({ name, at }: MapEntry, key: string, of: string, names: string[]): void {
    const path = join(key, name);
    const synonym = Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name]! : "";
    const message = `${quoted(name)} is not a key of ${of}`;
    if (names.includes(synonym)) this.problems.add(at, path, `${message}; write ${synonym}`, [synonym]);
    else if (Object.hasOwn(WITHOUT_KEY, name))
      this.problems.add(at, path, `${message}; ${WITHOUT_KEY[name]!}`);
    else this.problems.addNear(at, path, `${message}, which has ${names.join(", ")}`, name, names);
  }

  /** Adds that the value is not what the key takes. */
  refuse(node: TreeNode, key: string, { takes }: Pick<PipelineKey, "takes">): null {
    const empty = isNothing(node) ? "; remove the key, or give a value" : "";
    this.problems.add(node.at, key, `${key} takes ${takes}, not ${shown(node)}${empty}`);
    return null;
  }

  /** A scalar as it is written. An empty value is none. */
  scalar(node: TreeNode, key: string, about: Pick<PipelineKey, "takes">): ScalarNode | null {
    return node.kind === "scalar" && node.value !== null ? node : this.refuse(node, key, about);
  }

  text(node: TreeNode, key: string, about: Pick<PipelineKey, "takes">): string | null {
    const isText = node.kind === "scalar" && typeof node.value === "string" && node.text.trim() !== "";
    return isText ? node.text : this.refuse(node, key, about);
  }

  flag(entry: MapEntry | undefined, key: string, about: PipelineKey): boolean {
    if (entry === undefined) return false;
    const { value } = entry;
    if (value.kind === "scalar" && typeof value.value === "boolean") return value.value;
    this.refuse(value, key, about);
    return false;
  }

  list(node: TreeNode, key: string, about: PipelineKey): ListNode | null {
    return node.kind === "list" && node.items.length > 0 ? node : this.refuse(node, key, about);
  }

  map(node: TreeNode, key: string, about: PipelineKey): MapNode | null {
    return node.kind === "map" ? node : this.refuse(node, key, about);
  }

  /** Seconds; null without a value. @param least - 0: the duration may be 0 */
  duration(
    entry: MapEntry | undefined,
    key: string,
    about: PipelineKey,
    least: "above 0" | 0,
  ): number | null {
    if (entry === undefined) return null;
    const { value } = entry;
    const isGiven = value.kind === "scalar" && value.value !== null && typeof value.value !== "boolean";
    const seconds = isGiven ? (secondsOf(value) ?? -1) : -1;
    if (seconds < 0 || (seconds === 0 && least !== 0)) return this.refuse(value, key, about);
    if (seconds <= MAX_DURATION) return seconds;
    this.problems.add(value.at, key, `${key} takes at most ${MAX_DURATION} s, which are about 24 days`);
    return null;
  }

  /** A script, or the words of a command; null if the node is neither. */
  command(node: TreeNode, key: string, about: PipelineKey, scope: Scope): Command | null {
    if (node.kind === "list") return this.#words(node, key, about, scope);
    const script = this.text(node, key, about);
    if (script === null) return null;
    const { textLine, placeOf } = node as ScalarNode;
    const foreign = script.indexOf(FOREIGN);
    if (foreign !== -1) this.problems.add(placeOf(foreign, FOREIGN.length), key, `${key}: ${NO_EXPRESSIONS}`);
    scope.warnOfUnset(node as ScalarNode, key);
    return { kind: "script", script, line: textLine };
  }

  #words(node: ListNode, key: string, about: PipelineKey, scope: Scope): Command | null {
    if (node.items.length === 0) return this.refuse(node, key, about);
    const words: Template[] = [];
    node.items.forEach((item, index) => {
      const word = this.scalar(item, `${key}[${index}]`, ONE_WORD);
      if (word === null) return;
      if (index === 0 && word.text.trim() === "") this.refuse(item, `${key}[0]`, { takes: "a program" });
      words.push(scope.template(word, `${key}[${index}]`, "words"));
    });
    return { kind: "words", words, line: node.at.line };
  }

  /** Adds the variables to the scope, each after its own value. */
  env(entry: MapEntry | undefined, key: string, about: PipelineKey, scope: Scope): Map<string, Template> {
    const env = new Map<string, Template>();
    const map = entry === undefined ? null : this.map(entry.value, key, about);
    for (const { name, at, value } of map?.entries ?? []) {
      const path = join(key, name);
      const problem = nameProblem(name, false);
      const hidden = problem === null ? scope.hidden(name) : null;
      if (problem !== null) this.problems.add(at, path, `${key}: ${problem}`);
      else if (hidden !== null)
        this.problems.add(at, path, `${path} would hide ${hidden}, which is a variable already`);
      const scalar = this.scalar(value, path, ENV_VALUE);
      if (scalar === null || problem !== null || hidden !== null) continue;
      const template = scope.template(scalar, path, "env");
      scope.addVariable(name, template);
      env.set(name, template);
    }
    return env;
  }

  template(
    entry: MapEntry | undefined,
    key: string,
    about: PipelineKey,
    scope: Scope,
    use: Use,
  ): Template | null {
    if (entry === undefined || this.text(entry.value, key, about) === null) return null;
    return scope.template(entry.value as ScalarNode, key, use);
  }
}

const ONE_WORD = { takes: "a text or a number" };
const ENV_VALUE = { takes: 'a text or a number, or "" for an empty text' };

function join(key: string, name: string): string {
  return key === "" ? name : `${key}.${name}`;
}

function secondsOf({ text, value }: ScalarNode): number | null {
  return typeof value === "number" ? value : parseDuration(text);
}

function isNothing(node: TreeNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

/** The node in a message. */
function shown(node: TreeNode): string {
  if (node.kind === "list") return node.items.length === 0 ? "an empty list" : "a list";
  if (node.kind === "map") return node.entries.length === 0 ? "an empty map" : "a map";
  return node.value === null ? "nothing" : quoted(node.text);
}
