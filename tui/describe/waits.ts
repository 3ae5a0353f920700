/**
 * What waits for a person: questions, programs that wait for input, new failures, odd operations, and schedules whose
 * runs are missing. The dashboard, `liveops ls` and `liveops status` count by this rule. Pure.
 */
import { waitsForApproval } from "../../protocol/approval.js";
import type { Operation } from "../../protocol/operation.js";
import type { ScheduleReply } from "../../protocol/replies.js";
import { firstLine } from "../../protocol/text/first-line.js";
import { oddText } from "../../protocol/text/odd-text.js";

/** In the order of the list. */
const KINDS = ["question", "input", "failed", "odd", "schedule"] as const;
type Kind = (typeof KINDS)[number];

/** Untrusted text. */
export interface Waiting {
  readonly kind: Kind;
  /** Another one after each change that is worth a look. */
  readonly key: string;
  readonly text: string;
  /** ISO 8601; "": not known. */
  readonly since: string;
  /** Its id, or the name of its schedule. */
  readonly operation?: string;
  readonly schedule?: string;
}

/** What a person has looked at. */
export interface Looks {
  /** When the person first looked, in ms: what ended before is not new. */
  readonly began: number;
  /** Keys of what was looked at since. */
  readonly keys: ReadonlySet<string>;
}

/** Of a person who never opened a dashboard: only questions, input and schedules wait. */
export const NO_LOOKS: Looks = { began: Number.POSITIVE_INFINITY, keys: new Set() };

/** Milliseconds after which an end that nobody looked at is not new any more. */
const NEW_FOR = 7 * 24 * 60 * 60 * 1000;

/** The time from which on an end is new, in ms. */
export const newSince = ({ began }: Looks, now: number): number => Math.max(began, now - NEW_FOR);

/** Whether it waits until it is answered, however often it was looked at. */
export const isAsked = ({ kind }: Pick<Waiting, "kind">): boolean => kind === "question" || kind === "input";

/** Why the operation waits for a person, looked at or not; null: it does not. */
export function waitOf(operation: Operation): Waiting | null {
  const { id, state, error, finishedAt, updatedAt, waitingForInput, cancelRequested, parent } = operation;
  const wait = (kind: Kind, since: string, text: string): Waiting => ({
    kind,
    key: `${kind} ${id} ${since}`,
    text,
    since,
    operation: id,
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
  if (parent !== undefined) return null;
  const ended = finishedAt ?? updatedAt;
  if (state === "failed") return wait("failed", ended, error === null ? "failed" : firstLine(error.message));
  const [odd, ...others] = operation.odd ?? [];
  if (state !== "succeeded" || odd === undefined) return null;
  return wait("odd", ended, `${oddText(odd)}${others.length === 0 ? "" : ` (${others.length} more)`}`);
}

export function waitOfSchedule({ name, missing, lastProblem }: ScheduleReply): Waiting | null {
  const problem = missing?.text ?? lastProblem;
  if (problem === null || problem === undefined) return null;
  const since = missing?.since ?? "";
  const text = `schedule: ${firstLine(problem)}`;
  return { kind: "schedule", key: `schedule ${name} ${since} ${text}`, text, since, schedule: name };
}

/** What waits now: questions first, the oldest first; of what ended, the newest first. */
export function waitsOf(all: readonly Waiting[], looks: Looks, now: number): Waiting[] {
  const since = newSince(looks, now);
  const waits = all.filter(
    (it) =>
      isAsked(it) || (!looks.keys.has(it.key) && (it.kind === "schedule" || Date.parse(it.since) >= since)),
  );
  const oldestFirst = waits.toSorted((a, b) => (a.since < b.since ? -1 : 1));
  return KINDS.flatMap((kind) => {
    const some = oldestFirst.filter((it) => it.kind === kind);
    return isAsked({ kind }) ? some : some.toReversed();
  });
}

/** `2 to answer, 1 new`; "": nothing waits. */
export function waitsText(waits: readonly Waiting[]): string {
  const asked = waits.filter(isAsked).length;
  const fresh = waits.length - asked;
  return [asked > 0 && `${asked} to answer`, fresh > 0 && `${fresh} new`].filter(Boolean).join(", ");
}
