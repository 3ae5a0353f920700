/** Reads `needs` and `makes`: the files of a stage or step. */
import type { STEP_KEYS } from "../../../protocol/pipeline/keys.js";
import type { Command, PipelineTask, Template } from "../../pipeline/definition.js";
import { whyTooManyPaths } from "../../pipeline/limits.js";
import { quoted } from "../../pipeline/read/problems.js";
import type { Scope } from "../../pipeline/read/scope.js";
import type { Field, Section } from "../../pipeline/read/values.js";
import { signOf } from "../../pipeline/template.js";
import { circleText, isKept, orderOf, TOO_MANY_PATHS } from "./files/order.js";

/** What a task needs and makes: it runs where something of that changed since its last run. */
export class TaskFiles {
  constructor(
    readonly needs: readonly PathPattern[],
    /** Commands of `needs` whose output counts. */
    readonly outputsOf: readonly Command[],
    readonly makes: readonly PathPattern[],
  ) {}

  /** Undefined: the task has none. */
  static of({ rules }: PipelineTask): TaskFiles | undefined {
    return rules.find((rule) => rule instanceof TaskFiles);
  }
}

/** Paths, or those to leave out where the text begins with `!`. */
export interface PathPattern {
  text: Template;
  line: number;
  column: number;
  /** The file that has it; absent: the file of the pipeline. */
  file?: string | undefined;
}

/** Null: it has none. */
export function readFiles(
  section: Section<keyof typeof STEP_KEYS>,
  scope: Scope,
): TaskFiles | null {
  const [needs, makes] = [section.get("needs"), section.get("makes")];
  if (needs === undefined && makes === undefined) return null;
  if (needs?.node.kind === "scalar" && needs.node.value !== null) {
    // The key of other tools, which name stages.
    needs.problem(
      `${needs.key} takes a list of files that the command reads, not ${quoted(needs.node.text)}; stages run in the order of the file`,
    );
    return null;
  }
  const outputsOf: Command[] = [];
  const patterns: PathPattern[] = [];
  for (const item of needs?.items("a path, a pattern or { output: COMMAND }") ?? []) {
    if (item.node.kind === "map") outputsOf.push(...readOutputOf(item, scope));
    else patterns.push(...readPattern(item, scope));
  }
  checkKept(needs, patterns, outputsOf.length > 0);
  const made =
    makes?.items("a path or a pattern").flatMap((item) => readPattern(item, scope)) ?? [];
  checkKept(makes, made, false);
  return new TaskFiles(patterns, outputsOf, made);
}

/** Adds a problem where steps need in a circle what the others make. */
export function checkOrder(field: Field, steps: readonly PipelineTask[]): void {
  const files = steps.map((step) => {
    const { name, cwd } = step;
    const { needs = [], makes = [] } = TaskFiles.of(step) ?? {};
    return {
      name,
      cwd: cwd === null ? "" : signOf(cwd),
      needs: needs.map(({ text }) => signOf(text)),
      makes: makes.map(({ text }) => signOf(text)),
    };
  });
  const { after, circle } = orderOf(files);
  if (after !== null) return;
  if (circle === null) {
    field.problem(`${field.key}: ${TOO_MANY_PATHS}`);
    return;
  }
  const first = steps.findIndex(({ name }) => name === circle[0]);
  const [place = field.node.at] = TaskFiles.of(steps[first]!)?.needs ?? [];
  field.problems.add(
    place,
    `${field.key}[${first}].needs`,
    `${field.key}: no step can start first, because ${circleText(circle)}`,
  );
}

function readOutputOf(field: Field, scope: Scope): Command[] {
  const [entry, ...others] = field.entries("a script (text), or a list of words");
  if (entry?.[0] !== "output" || others.length > 0) {
    field.refuse();
    return [];
  }
  const command = entry[1].command(scope);
  return command === null ? [] : [command];
}

function readPattern(field: Field, scope: Scope): PathPattern[] {
  const text = field.text();
  if (text === null) return [];
  const open = openedIn(text);
  if (text === "!") field.problem(`${field.key}: a pattern must follow the !`);
  else if (/[\x00-\x1f\x7f]/.test(text))
    field.problem(`${field.key}: a path must be one line of text`);
  else if (open !== null)
    field.problem(
      `${field.key}: ${quoted(text)} has a ${open} without its end; write \\${open} for the character itself`,
    );
  const template = field.template(scope, "path");
  if (template === null) return [];
  const many = whyTooManyPaths(signOf(template));
  if (many === null) return [{ text: template, ...field.node.at, file: field.problems.file }];
  field.problem(`${field.key}: ${quoted(text)} ${many}`);
  return [];
}

/**
 * The bracket or brace that is not closed; null: there is none. A name such as `${level}` is none.
 */
function openedIn(text: string): string | null {
  const plain = text.replace(/\\.|\$\{\w+\}/g, "").replace(/\[[^\]]+\]/g, "");
  if (plain.includes("[")) return "[";
  const open = plain.replace(/[^{}]/g, "").replace(/\{\}/g, "").replace(/\{\}/g, "");
  return open.includes("{") ? "{" : null;
}

/** Adds a problem where the patterns only leave out. */
function checkKept(
  field: Field | undefined,
  patterns: readonly PathPattern[],
  hasOthers: boolean,
): void {
  if (field === undefined || patterns.length === 0 || hasOthers) return;
  const texts = patterns.map(({ text }) => (text[0] && "text" in text[0] ? text[0].text : ""));
  if (!texts.some(isKept))
    field.problem(
      `${field.key} only leaves files out; add the pattern from which they are left out`,
    );
}
