/** The patterns of `needs` and `makes` with their values, and the order that they give to steps. */
import type { PipelineTask } from "../../pipeline/definition.js";
import type { PlacedTask } from "../../pipeline/feature.js";
import { type CommandContext, directoryOf } from "../../pipeline/run/command.js";
import { fill, type Scope } from "../../pipeline/template.js";
import { circleText, orderOf, TOO_MANY_PATHS } from "./files/order.js";
import type { Pattern } from "./files/paths.js";
import { type PathPattern, TaskFiles } from "./read.js";

export function patternsOf(file: CommandContext["file"], task: PipelineTask, files: TaskFiles, scope: Scope) {
  return {
    cwd: directoryOf(file, task.cwd, (template) => fill(template, scope)),
    needs: files.needs.map((pattern) => filled(pattern, scope)),
    makes: files.makes.map((pattern) => filled(pattern, scope)),
  };
}

/**
 * For each step, the places of the steps that make what it needs.
 *
 * @throws Error if steps need in a circle what the others make
 */
export function orderOfSteps(
  { file, variables }: CommandContext,
  stage: string,
  steps: readonly PlacedTask[],
): number[][] {
  const textsOf = (patterns: readonly Pattern[]) => patterns.map(({ text }) => text);
  const { after, circle } = orderOf(
    steps.map(({ task, values }) => {
      const { name } = task;
      const files = TaskFiles.of(task);
      if (files === undefined) return { name, cwd: "", needs: [], makes: [] };
      const { scope } = variables.of(task, {}, values);
      const { cwd, needs, makes } = patternsOf(file, task, files, scope);
      return { name, cwd, needs: textsOf(needs), makes: textsOf(makes) };
    }),
  );
  if (after !== null) return after;
  const error = new Error(
    circle === null
      ? `steps of "${stage}": ${TOO_MANY_PATHS}`
      : `no step of "${stage}" can start first, because ${circleText(circle)}`,
  );
  delete error.stack;
  throw error;
}

/** A value is taken as it is: it is no pattern. */
function filled({ text, line, column }: PathPattern, scope: Scope): Pattern {
  const parts = text.map((part) =>
    "text" in part ? part.text : fill([part], scope).replace(/[\\*?[\]{}()!|]/g, "\\$&"),
  );
  return { text: parts.join(""), line, column };
}
