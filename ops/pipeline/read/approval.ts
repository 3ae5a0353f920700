/** Reads what makes a stage ask a person: `approve`, with `choices`, `timeout` and `default`. */
import { YES_OR_NO } from "../../../protocol/approval.js";
import type { STAGE_KEYS } from "../../../protocol/pipeline/keys.js";
import { choicesProblem, questionProblem } from "../../attempt/approvals.js";
import type { PipelineApproval } from "../definition.js";
import { quoted } from "./problems.js";
import type { Scope } from "./scope.js";
import type { Field, Section } from "./values.js";

/** The output that has the answer. */
export const APPROVED = "approved";

/** Keys of a stage that runs a command. */
const OF_COMMANDS = [
  "run",
  "op",
  "with",
  "queue",
  "parallel",
  "each",
  "at_once",
  "on_failure",
  "env",
  "cwd",
  "retry",
  "tty",
  "outputs",
  "needs",
  "makes",
] as const;

/** Null: the stage asks nothing. */
export function readApproval(
  section: Section<keyof typeof STAGE_KEYS>,
  scope: Scope,
): PipelineApproval | null {
  const approve = section.get("approve");
  const [choices, fallback] = [section.get("choices"), section.get("default")];
  if (approve === undefined) {
    for (const field of [choices, fallback])
      field?.keyProblem(`${field.key} is for a stage with approve, and the stage has none`);
    return null;
  }
  for (const name of OF_COMMANDS) {
    const field = section.get(name as keyof typeof STAGE_KEYS);
    field?.keyProblem(`${field.key} is not possible beside approve: the stage runs no command`);
  }
  const text = approve.text();
  const problem = text === null ? null : questionProblem(text);
  if (problem !== null) approve.problem(`${approve.key}: ${problem}`);
  const texts = choicesOf(choices);
  return {
    question: (text === null ? null : approve.template(scope, "question")) ?? [],
    choices: texts,
    timeout: section.get("timeout")?.duration("above 0") ?? null,
    default: defaultOf(fallback, texts, section.get("timeout") !== undefined),
  };
}

function choicesOf(field: Field | undefined): readonly string[] {
  if (field === undefined) return YES_OR_NO;
  // As they are written: YAML reads a bare yes as a text, and other tools as true.
  const texts = field.items("a text").flatMap((item) => item.scalar()?.text ?? []);
  const problem = texts.length === 0 ? null : choicesProblem(texts);
  if (problem !== null) field.problem(`${field.key}: ${problem}`);
  return texts;
}

function defaultOf(
  field: Field | undefined,
  choices: readonly string[],
  hasTimeout: boolean,
): string | null {
  const text = field?.scalar()?.text ?? null;
  if (text === null) return null;
  if (!choices.includes(text))
    field!.problem(
      `${field!.key} takes one of ${choices.map(quoted).join(", ")}, not ${quoted(text)}`,
    );
  if (!hasTimeout)
    field!.keyProblem(`${field!.key} is the answer after timeout, and the stage has none`);
  return text;
}
