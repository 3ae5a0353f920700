/** Reads a stage, `finally` and `then`. */
import {
  FINALLY_KEYS,
  PIPELINE_KEYS,
  RETRY_KEYS,
  STAGE_KEYS,
  THEN_KEYS,
} from "../../../protocol/pipeline/keys.js";
import { MAX_ATTEMPTS, MAX_STAGE_NAME } from "../../../protocol/pipeline/values.js";
import { OP_PATTERN } from "../../../protocol/type-names.js";
import type {
  Command,
  PipelineStage,
  PipelineStep,
  PipelineThen,
  Retry,
  TemplateValue,
} from "../definition.js";
import { type Problems, quoted } from "./problems.js";
import { nameProblem, type Scope } from "./scope.js";
import type { Reader, Section } from "./values.js";
import type { MapEntry, ScalarNode, TreeNode } from "./yaml-tree.js";

/** In place of a command that has problems. */
const NO_COMMAND: Command = { kind: "words", words: [], line: 0 };

const ONCE: Retry = { attempts: 1, backoff: 1, exit: null };

export class StageReader {
  readonly #problems: Problems;

  constructor(
    private readonly reader: Reader,
    /** Grows with the outputs of each stage. */
    private readonly scope: Scope,
  ) {
    this.#problems = reader.problems;
  }

  stage(node: TreeNode, key: string): PipelineStage {
    const section = this.reader.section(node, key, "a stage", STAGE_KEYS);
    if (section === null) return NO_STAGE;
    const { reader } = this;
    const scope = this.scope.inner();
    const step = this.#step(section, key, STAGE_KEYS, scope);
    const when = section.get("when");
    const stage = {
      ...step,
      name: this.#name(section.get("name"), `${key}.name`),
      when: when ? reader.command(when.value, `${key}.when`, STAGE_KEYS.when, scope) : null,
      retry: this.#retry(section.get("retry"), `${key}.retry`),
      allowFailure: reader.flag(
        section.get("allow_failure"),
        `${key}.allow_failure`,
        STAGE_KEYS.allow_failure,
      ),
      outputs: this.#outputs(section.get("outputs"), `${key}.outputs`),
    };
    for (const output of stage.outputs) this.scope.addOutput(output, stage.name);
    return stage;
  }

  /** A script, a list of words, or a map. */
  last(entry: MapEntry | undefined): PipelineStep | null {
    if (entry === undefined) return null;
    const { value } = entry;
    if (value.kind !== "map") {
      const run = this.reader.command(value, "finally", PIPELINE_KEYS.finally, this.scope.inner());
      return { ...NO_STEP, run: run ?? NO_COMMAND };
    }
    const section = this.reader.section(value, "finally", "finally", FINALLY_KEYS);
    if (section === null) return null;
    return this.#step(section, "finally", FINALLY_KEYS, this.scope.inner());
  }

  next(entry: MapEntry | undefined): PipelineThen | null {
    if (entry === undefined) return null;
    const section = this.reader.section(entry.value, "then", "then", THEN_KEYS);
    if (section === null) return null;
    const op = section.get("op");
    const name = op === undefined ? null : this.reader.text(op.value, "then.op", THEN_KEYS.op);
    if (op !== undefined && name !== null && !OP_PATTERN.test(name))
      this.reader.refuse(op.value, "then.op", THEN_KEYS.op);
    return { op: name ?? "", with: this.#with(section.get("with")) };
  }

  #with(entry: MapEntry | undefined): PipelineThen["with"] {
    const map = entry === undefined ? null : this.reader.map(entry.value, "then.with", THEN_KEYS.with);
    const values = new Map<string, TemplateValue>();
    for (const { name, value } of map?.entries ?? [])
      values.set(name, this.#templateValue(value, `then.with.${name}`));
    return values;
  }

  #templateValue(node: TreeNode, key: string): TemplateValue {
    if (node.kind === "list")
      return {
        kind: "list",
        items: node.items.map((item, index) => this.#templateValue(item, `${key}[${index}]`)),
      };
    if (node.kind === "map")
      return {
        kind: "map",
        entries: new Map(
          node.entries.map(({ name, value }) => [name, this.#templateValue(value, `${key}.${name}`)]),
        ),
      };
    const { value, text } = node;
    if (typeof value === "string") return { kind: "text", text: this.scope.template(node, key, "with") };
    if (typeof value === "number" && String(value) !== text) this.#notAsWritten(node, value, key);
    return { kind: "constant", value };
  }

  /** `3.10` is the number 3.1 in JSON, so the author must say which of the two is meant. */
  #notAsWritten({ at, text }: ScalarNode, value: number, key: string): void {
    const or = Number.isFinite(value) ? `, or ${value} for the number` : "";
    this.#problems.add(at, key, `${key}: ${text} is a number; write "${text}" for the text${or}`);
  }

  #step(section: Section, key: string, keys: typeof FINALLY_KEYS, scope: Scope): PipelineStep {
    const { reader } = this;
    const env = reader.env(section.get("env"), `${key}.env`, keys.env, scope);
    const run = section.get("run");
    const cwd = section.get("cwd");
    if (cwd?.value.kind === "scalar" && cwd.value.text === "file")
      this.#problems.add(
        cwd.value.at,
        `${key}.cwd`,
        `${key}.cwd: file is for the cwd of the pipeline; write ./file for a directory of that name`,
      );
    return {
      run: (run && reader.command(run.value, `${key}.run`, keys.run, scope)) ?? NO_COMMAND,
      env,
      cwd: reader.template(cwd, `${key}.cwd`, keys.cwd, scope, "cwd"),
      timeout: reader.duration(section.get("timeout"), `${key}.timeout`, keys.timeout, "above 0"),
      tty: reader.flag(section.get("tty"), `${key}.tty`, keys.tty),
    };
  }

  #name(entry: MapEntry | undefined, key: string): string {
    if (entry === undefined) return "";
    const scalar = this.reader.scalar(entry.value, key, STAGE_KEYS.name);
    if (scalar === null) return "";
    const { text } = scalar;
    const isName = text.trim() !== "" && text.length <= MAX_STAGE_NAME && !/[\x00-\x1f\x7f]/.test(text);
    if (!isName) this.reader.refuse(entry.value, key, STAGE_KEYS.name);
    return text;
  }

  #retry(entry: MapEntry | undefined, key: string): Retry {
    const section = entry && this.reader.section(entry.value, key, "retry", RETRY_KEYS);
    if (!section) return ONCE;
    const { reader } = this;
    const exit = section.get("exit");
    const attempts = section.get("attempts");
    return {
      attempts: attempts
        ? this.#whole(attempts.value, `${key}.attempts`, RETRY_KEYS.attempts, MAX_ATTEMPTS)
        : 1,
      backoff: reader.duration(section.get("backoff"), `${key}.backoff`, RETRY_KEYS.backoff, 0) ?? 1,
      exit: exit
        ? (reader.list(exit.value, `${key}.exit`, RETRY_KEYS.exit)?.items ?? []).map((item, index) =>
            this.#whole(item, `${key}.exit[${index}]`, { takes: "an exit code from 1 to 255" }, 255),
          )
        : null,
    };
  }

  #whole(node: TreeNode, key: string, about: { takes: string }, most: number): number {
    const value = node.kind === "scalar" ? node.value : null;
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most)
      return value as number;
    this.reader.refuse(node, key, about);
    return 1;
  }

  #outputs(entry: MapEntry | undefined, key: string): string[] {
    const names: string[] = [];
    const list = entry === undefined ? null : this.reader.list(entry.value, key, STAGE_KEYS.outputs);
    list?.items.forEach((item, index) => {
      const path = `${key}[${index}]`;
      const name = this.reader.text(item, path, { takes: "the name of an output" });
      if (name === null) return;
      const problem = nameProblem(name, true);
      const taken = names.includes(name) ? `the output ${name} of the same stage` : this.scope.taken(name);
      if (problem !== null) this.#problems.add(item.at, path, `${key}: ${problem}`);
      else if (taken !== null)
        this.#problems.add(
          item.at,
          path,
          `${key}: ${quoted(name)} is the name of ${taken}; choose another name`,
        );
      else names.push(name);
    });
    return names;
  }
}

const NO_STEP: PipelineStep = {
  run: NO_COMMAND,
  env: new Map(),
  cwd: null,
  timeout: null,
  tty: false,
};

const NO_STAGE: PipelineStage = {
  ...NO_STEP,
  name: "",
  when: null,
  retry: ONCE,
  allowFailure: false,
  outputs: [],
};
