/**
 * What waits for a person: questions, programs that wait for input, new failures, odd operations,
 * and schedules whose runs are missing. The dashboard, `liveops ls` and `liveops status` count by
 * this rule. Pure.
 */
import { isDeepStrictEqual } from "node:util";
import { waitsForApproval } from "../../protocol/approval.js";
import type { Operation } from "../../protocol/operation.js";
import type { ScheduleReply } from "../../protocol/replies.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { headlineOf } from "../../protocol/text/line-level.js";
import { oddText } from "../../protocol/text/odd-text.js";

/** In the order of the list. */
const KINDS = ["question", "input", "failed", "odd", "schedule"] as const;
type Kind = (typeof KINDS)[number];

/** Untrusted text. */
export interface Waiting {
  readonly kind: Kind;
  readonly text: string;
  /** ISO 8601. */
  readonly since: string;
  readonly operation?: Operation;
  /** Its name. */
  readonly schedule?: string;
}

/** Milliseconds after which an end that nobody looked at is not new any more. */
const NEW_FOR = 7 * 24 * 60 * 60 * 1000;

/** The time from which on an end is new, in ms. */
export const newSince = (looked: number, now: number): number => Math.max(looked, now - NEW_FOR);

/** Whether it waits until it is answered, however often it was looked at. */
export const isAsked = ({ kind }: Pick<Waiting, "kind">): boolean =>
  kind === "question" || kind === "input";

/** Why the operation waits for a person, looked at or not; null: it does not. */
export function waitOf(operation: Operation): Waiting | null {
  const { state, error, finishedAt, updatedAt, waitingForInput, cancelRequested, parent } =
    operation;
  const wait = (kind: Kind, since: string, text: string): Waiting => ({
    kind,
    text,
    since,
    operation,
  });
  const open = waitsForApproval(operation);
  if (open !== null) return wait("question", open.since, open.question);
  if (state === "running" && waitingForInput !== null && !cancelRequested) {
    const prompt = waitingForInput.prompt.trim();
    return wait("input", waitingForInput.since, prompt === "" ? "waits for you" : prompt);
  }
  if (state === "running" && operation.stalledSince !== null)
    return wait("odd", operation.stalledSince, "its worker is stopped (SIGSTOP)");
  // The operation around it tells its end.
  if (parent !== undefined || isRejectedByPerson(operation)) return null;
  const ended = finishedAt ?? updatedAt;
  if (state === "failed")
    return wait("failed", ended, error === null ? "failed" : headlineOf(error.message));
  const [odd, ...others] = operation.odd ?? [];
  if (state !== "succeeded" || odd === undefined) return null;
  return wait(
    "odd",
    ended,
    `${oddText(odd)}${others.length === 0 ? "" : ` (${others.length} more)`}`,
  );
}

/** A person who rejects knows the end. */
const isRejectedByPerson = ({ error, approvals }: Operation): boolean =>
  error?.code === "LIVEOPS_REJECTED" && approvals?.at(-1)?.answer?.by != null;

export function waitOfSchedule({
  name,
  missing,
  lastProblem,
  lastDueAt,
}: ScheduleReply): Waiting | null {
  const problem = missing?.text ?? lastProblem;
  if (problem === null || problem === undefined) return null;
  const text = `schedule: ${firstLine(problem)}`;
  return { kind: "schedule", text, since: missing?.since ?? lastDueAt, schedule: name };
}

/**
 * What waits now: questions first, the oldest first; of what ended, the newest first.
 *
 * @param looked - until when a person has looked, in ms; null: never. Then only questions, input
 *   and schedules wait
 * @param known - operations that may be later runs
 */
export function waitsOf(
  all: readonly Waiting[],
  looked: number | null,
  now: number,
  known: readonly Operation[] = [],
): Waiting[] {
  const isNew = ({ since, operation }: Waiting) =>
    looked !== null &&
    Date.parse(since) > newSince(looked, now) &&
    !known.some((it) => isRunAfter(it, operation));
  const waits = all.filter((it) => isAsked(it) || it.kind === "schedule" || isNew(it));
  const oldestFirst = waits.toSorted((a, b) => (a.since < b.since ? -1 : 1));
  return KINDS.flatMap((kind) => {
    const some = oldestFirst.filter((it) => it.kind === kind);
    return isAsked({ kind }) ? some : some.toReversed();
  });
}

/**
 * Whether it is the same as the one that ended, submitted again. Large parameters, which a list
 * leaves out, are not.
 */
const isRunAfter = (it: Operation, ended: Operation | undefined): boolean =>
  ended !== undefined &&
  it.op === ended.op &&
  it.createdAt > (ended.finishedAt ?? it.createdAt) &&
  it.cwd === ended.cwd &&
  !it.large?.includes("params") &&
  isDeepStrictEqual(it.params, ended.params);

/** `2 to answer, 1 new`; "": nothing waits. */
export function waitsText(waits: readonly Waiting[]): string {
  const asked = waits.filter(isAsked).length;
  const fresh = waits.length - asked;
  return [asked > 0 && `${asked} to answer`, fresh > 0 && `${fresh} new`]
    .filter(Boolean)
    .join(", ");
}
