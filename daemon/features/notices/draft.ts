/** Makes notices: from the end of an operation, and from what other parts say. Pure. */
import { createHash } from "node:crypto";
import type { Masker } from "../../../ops/secrets/masker.js";
import { answerCommand, rejectCommand } from "../../../protocol/approval.js";
import { nameMatcher } from "../../../protocol/environment.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import {
  DEFAULT_EVENTS,
  DEFAULT_LONGER_THAN,
  type Notice,
  type NoticeDraft,
  type NoticeEvent,
} from "../../../protocol/notices.js";
import type { Approval, Operation } from "../../../protocol/operation.js";
import { durationText } from "../../../protocol/text/duration.js";
import { firstLine } from "../../../protocol/text/first-line.js";
import { minute } from "../../../protocol/text/minute.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import { sanitize } from "../../../protocol/text/sanitize.js";

const MOST_REASONS = 3;
const MOST_COMMANDS = 3;
/** Characters of a line. */
const MOST_TEXT = 200;

/**
 * The end of an operation, as the events that it is: a channel tells the first that it wants.
 *
 * @param reason - of a failure
 */
export function endDrafts(record: Operation, reason: readonly string[]): NoticeDraft[] {
  const { id, attempt, state } = record;
  // The operation around it tells its end.
  if (state === "cancelled" || record.parent !== undefined) return [];
  const key = `end ${id} ${attempt}`;
  const finished: NoticeDraft = { event: "finished", key, record, reason: [], next: [`liveops show ${id}`] };
  if (state === "succeeded") {
    finished.reason = (record.odd ?? []).map(oddText);
    const odd: NoticeDraft[] =
      finished.reason.length === 0
        ? []
        : [{ ...finished, event: "odd", next: [...finished.next, `liveops why ${id}`] }];
    // The end of a chain is that of its last operation.
    return record.chain.next === null ? [...odd, finished] : odd;
  }
  const draft = {
    key,
    record,
    reason,
    next: [`liveops retry ${id}`, `liveops logs ${id}`, `liveops why ${id}`],
  };
  return [
    { ...draft, event: "failed" },
    { ...draft, event: "finished" },
  ];
}

export function stallDraft(record: Operation, stallAfter: number): NoticeDraft {
  const { id, updatedAt, stalledSince, pid } = record;
  const reason =
    stalledSince === null
      ? [`it has reported nothing for ${durationText(stallAfter)}, since ${updatedAt}`, stageLine(record)]
      : [`its worker ${pid} has been stopped (SIGSTOP) since ${stalledSince}`, stageLine(record)];
  const next = [`liveops logs ${id} -f`, `liveops cancel ${id}`];
  return { event: "stalled", key: `stalled ${id} ${stalledSince ?? updatedAt}`, record, reason, next };
}

export function inputKey({ id, attempt, waitingForInput }: Operation): string {
  return `input ${id} ${attempt} ${waitingForInput?.since}`;
}

export function inputDraft(record: Operation): NoticeDraft {
  const { id, waitingForInput } = record;
  const { prompt } = waitingForInput!;
  const reason = [prompt === "" ? "its program reads from the terminal" : prompt, stageLine(record)];
  return {
    event: "input",
    key: inputKey(record),
    record,
    reason,
    next: [`liveops attach ${id}`],
  };
}

export function approvalKey(id: string, { since }: Approval): string {
  return `approval ${id} ${since}`;
}

/** @param open - the question that waits */
export function approvalDraft(record: Operation, open: Approval): NoticeDraft {
  const { id } = record;
  const { question, choices, until, default: fallback } = open;
  const time = until && `until ${minute(until)}, then ${fallback ?? "the stage fails"}`;
  return {
    event: "approval",
    key: approvalKey(id, open),
    record,
    reason: [question, `choices: ${choices.join(", ")}`, time ?? ""],
    next: [answerCommand(id, open), rejectCommand(id, open)],
  };
}

export function troubleDraft(problem: string): NoticeDraft {
  return {
    event: "trouble",
    key: `trouble ${problem}`,
    reason: problem.split("\n"),
    next: ["liveopsd status"],
  };
}

/** `stage Copy (2 of 3)`; empty: no stage has begun. */
function stageLine({ stages, currentStage, untrackedStage }: Operation): string {
  const name = untrackedStage ?? stages[currentStage];
  if (name === undefined) return "";
  return untrackedStage === null
    ? `stage ${name} (${currentStage + 1} of ${stages.length})`
    : `stage ${name}`;
}

const TITLES: Record<NoticeDraft["event"], string> = {
  failed: "Failed",
  finished: "Finished",
  stalled: "Stalled",
  input: "Waits for input",
  approval: "Waits for approval",
  odd: "Odd",
  missed: "Missed",
  trouble: "liveopsd has a problem",
  test: "Test of liveops",
};

export function noticeId(key: string, host: string): string {
  return createHash("sha256").update(`${host} ${key}`).digest("hex").slice(0, 20);
}

/** @param masker - knows the secrets of the operation */
export function noticeOf(draft: NoticeDraft, host: string, at: Date, masker: Masker): Notice {
  const { event, key, record = null, schedule = null } = draft;
  // Masked before it is cut: a part of a secret would not be found.
  const line = (text: string) => cut(sanitize(masker.maskOutgoing(text)).trim());
  const lines = (texts: readonly string[], most: number) =>
    texts
      .map(line)
      .filter((text) => text !== "")
      .slice(0, most);
  return {
    id: noticeId(key, host),
    event,
    at: at.toISOString(),
    title: line(draft.title ?? titleOf(draft, host)),
    where: line(whereOf(draft, host)),
    reason: lines(draft.reason, MOST_REASONS),
    next: lines(draft.next, MOST_COMMANDS),
    operation: record === null ? null : operationOf(record, line),
    schedule: schedule?.name ?? record?.schedule ?? null,
  };
}

function titleOf({ event, record, schedule }: NoticeDraft, host: string): string {
  const what = event === "finished" && record?.state === "failed" ? TITLES.failed : TITLES[event];
  if (record !== undefined)
    return `${what}: ${record.title}${record.label === null ? "" : ` (${record.label})`}`;
  return schedule === undefined ? `${what} on ${host}` : `${what}: schedule ${schedule.name}`;
}

function whereOf({ record, schedule }: NoticeDraft, host: string): string {
  if (record === undefined) return schedule === undefined ? "" : `on ${host}, type ${schedule.op}`;
  const { queue, op, id, attempt, cwd } = record;
  const parts = [`on ${record.host ?? host}`, `queue ${queue}`, `type ${op}`, `id ${id}`, `in ${cwd}`];
  if (attempt > 1) parts.push(`attempt ${attempt}`);
  if (record.seconds !== null) parts.push(`after ${durationText(record.seconds)}`);
  return parts.join(", ");
}

function operationOf(record: Operation, line: (text: string) => string): Notice["operation"] {
  const { id, op, title, label, queue, state, attempt, error } = record;
  return {
    id,
    op,
    queue,
    state,
    attempt,
    seconds: record.seconds,
    title: line(title),
    label: label === null ? null : line(label),
    error: error === null ? null : { code: error.code ?? "", message: line(firstLine(error.message)) },
  };
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text;
}

/** The first of the drafts that the channel tells; undefined: none. The drafts are about the same occurrence. */
export function wantedDraft(drafts: readonly NoticeDraft[], channel: Channel): NoticeDraft | undefined {
  return drafts.find((draft) => wantsEvent(draft, channel) && fits(draft, channel));
}

function wantsEvent(
  { event, record }: NoticeDraft,
  { events = DEFAULT_EVENTS as NoticeEvent[], longerThan = DEFAULT_LONGER_THAN }: Channel,
): boolean {
  if (event === "test") return false;
  return events.includes(event) && (event !== "finished" || (record?.seconds ?? 0) >= longerThan);
}

/** A problem of the daemon is of no type, queue and label: each channel that tells problems tells it. */
function fits({ record, schedule }: NoticeDraft, { op, queue, label }: Channel): boolean {
  const of = record ?? schedule;
  if (of === undefined) return true;
  const matches = (patterns: string[] | undefined, text: string) =>
    patterns === undefined || patterns.length === 0 || nameMatcher(patterns)(text);
  return matches(op, of.op) && matches(queue, of.queue ?? "default") && matches(label, of.label ?? "");
}
