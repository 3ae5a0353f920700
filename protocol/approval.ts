/** The questions that an operation asks a person: which one is open, and which answers count. */
import { Refusal } from "./errors.js";
import type { Approval, Operation } from "./operation.js";
import { stageAndStep } from "./step-names.js";

/** The answer that rejects, among whatever choices. */
export const NO = "no";

/** The choices where none are given. */
export const YES_OR_NO = ["yes", NO] as const;

type Asking = Pick<Operation, "approvals">;

/**
 * The question that has no answer yet; null: there is none. A finished operation does not wait for
 * it any more.
 */
export function openApproval({ approvals }: Asking): Approval | null {
  const last = approvals?.at(-1);
  return last?.answer === null ? last : null;
}

/** The question that a queued operation waits for; null: it waits for none. */
export function waitsForApproval(record: Asking & Pick<Operation, "state">): Approval | null {
  return record.state === "queued" ? openApproval(record) : null;
}

/** Whether the operation waits until a person answers it, or types its input. */
export function waitsForPerson(
  record: Asking & Pick<Operation, "state" | "waitingForInput" | "cancelRequested">,
): boolean {
  const { state, waitingForInput, cancelRequested } = record;
  if (state === "running") return waitingForInput !== null && !cancelRequested;
  return waitsForApproval(record) !== null;
}

/** Why the operation does not start: the `reason` of `blocked`. */
export const APPROVAL = "approval";

/** The choice that is meant where none is named; null: there are several. */
export function onlyChoice({ choices }: Pick<Approval, "choices">): string | null {
  const [first, ...others] = choices.filter((choice) => choice !== NO);
  return others.length === 0 ? (first ?? null) : null;
}

/** The line of the log. Untrusted text. */
export function askedText({ question }: Pick<Approval, "question">): string {
  return `waits for approval: ${question}`;
}

/**
 * The question in a command: an attempt asks one question at most, so its number names the
 * question.
 */
export function questionId(id: string, { attempt }: Pick<Approval, "attempt">): string {
  return `${id}/${attempt}`;
}

/** The command that answers the question. */
export function answerCommand(id: string, open: Pick<Approval, "choices" | "attempt">): string {
  return `liveops approve ${questionId(id, open)}${onlyChoice(open) === null ? " CHOICE" : ""}`;
}

/** The command that rejects what is asked. */
export function rejectCommand(id: string, open: Pick<Approval, "attempt">): string {
  return `liveops reject ${questionId(id, open)}`;
}

/** The question that a person answers is not the one that waits now. */
export function anotherQuestion(open: Approval, id: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `another question of ${id} waits now: ${JSON.stringify(open.question)}; answer it with: ${answerCommand(id, open)}`,
  );
}

/** Whether a rejection, or an answer that did not come, is the error. */
export function isByAnswer(error: Operation["error"]): boolean {
  return error?.code === "LIVEOPS_REJECTED" || error?.code === "LIVEOPS_APPROVAL_TIMEOUT";
}

/** Untrusted text. */
export function answerText({
  choice,
  by,
}: Pick<NonNullable<Approval["answer"]>, "choice" | "by">): string {
  if (by === null)
    return choice === null ? "nobody answered in time" : `nobody answered in time: ${choice}`;
  return `${choice === NO ? "rejected" : `approved: ${choice}`}, by ${by}`;
}

export function answered(
  record: Asking,
  { choice, by, at }: NonNullable<Approval["answer"]>,
): Partial<Operation> {
  const open = openApproval(record);
  if (open === null) return {};
  return {
    approvals: [...record.approvals!.slice(0, -1), { ...open, answer: { choice, by, at } }],
  };
}

/**
 * A retry asks again what was rejected or not answered, and what stages ask that run again.
 *
 * @param from - the stage of the retry, or `Stage/step`; null: what was approved counts
 */
export function withoutAskedAgain(
  { approvals, stages }: Asking & Pick<Operation, "stages">,
  from: string | null,
): Partial<Operation> {
  if (approvals === undefined) return {};
  const first = from === null ? null : stages.indexOf(stageAndStep(from, stages)?.stage ?? from);
  const counts = ({ stage, answer }: Approval) =>
    answer !== null &&
    answer.choice !== null &&
    answer.choice !== NO &&
    (first === null || (stage !== null && stages.indexOf(stage) < first));
  return { approvals: approvals.filter(counts) };
}
