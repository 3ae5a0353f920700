/** What an action tells: what happened to what, why, and what to type next. Pure. */
import { Masker } from "../../../ops/secrets/masker.js";
import type { ACTION_VARIABLES, ActionEvent } from "../../../protocol/actions.js";
import { answerCommand, openApproval, rejectCommand } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import type { QueueReply } from "../../../protocol/replies.js";
import { durationText } from "../../../protocol/text/duration.js";
import { minute } from "../../../protocol/text/minute.js";
import { oddText } from "../../../protocol/text/odd-text.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { MissedRun } from "../../bus.js";

/** Characters of a line. */
const MOST_TEXT = 300;

export interface Message {
  event: ActionEvent;
  /** Id of the operation, or the queue or the schedule in words. */
  of: string;
  subject: string;
  reasons: string[];
  next: string[];
  /** The record, the queue or the schedule: what a command gets on stdin. */
  about: Operation | QueueReply | MissedRun;
  operation: Operation | null;
  masker: Masker;
}

export interface OperationFacts {
  /** Why it failed, in lines that are not masked. */
  reasons: readonly string[];
  /** Seconds. */
  stallAfter: number;
  masker: Masker;
}

export function operationMessage(
  event: ActionEvent,
  operation: Operation,
  { reasons, stallAfter, masker }: OperationFacts,
): Message {
  const { id, title, label } = operation;
  // Masked before it is cut: a part of a secret would not be found.
  const line = (text: string) => cut(sanitize(masker.maskOutgoing(text)).trim());
  return {
    event,
    of: id,
    subject: line(
      `${whatHappened(event, operation)}: ${title}${label === null ? "" : ` (${label})`}`,
    ),
    reasons: reasonsOf(event, operation, reasons, stallAfter)
      .map(line)
      .filter((text) => text !== ""),
    next: nextOf(event, operation),
    about: operation,
    operation,
    masker,
  };
}

export function emptyMessage(queue: QueueReply): Message {
  const of = `queue ${queue.name}`;
  const subject = `The queue ${queue.name} is empty`;
  return {
    event: "queueEmpty",
    of,
    subject,
    reasons: [],
    next: [],
    about: queue,
    operation: null,
    masker: new Masker(),
  };
}

export function missedMessage(missed: MissedRun): Message {
  const of = `schedule ${missed.schedule}`;
  return {
    event: "missed",
    of,
    subject: `Missed: ${of}`,
    reasons: [cut(sanitize(missed.reason))],
    next: [...missed.next],
    about: missed,
    operation: null,
    masker: new Masker(),
  };
}

function whatHappened(event: ActionEvent, { state, waitingForInput }: Operation): string {
  switch (event) {
    case "waits":
      return waitingForInput === null ? "Waits for approval" : "Waits for input";
    case "stall":
      return "Stalled";
    case "odd":
      return "Odd";
    default:
      return state.charAt(0).toUpperCase() + state.slice(1);
  }
}

function reasonsOf(
  event: ActionEvent,
  record: Operation,
  failure: readonly string[],
  stallAfter: number,
): readonly string[] {
  if (event === "odd") return (record.odd ?? []).map(oddText);
  if (event === "stall") return [silence(record, stallAfter), stageLine(record)];
  return event === "waits" ? [...questionOf(record), stageLine(record)] : failure;
}

function questionOf(record: Operation): string[] {
  const open = openApproval(record);
  if (open === null)
    return [
      record.waitingForInput?.prompt || "A program of the operation reads from the terminal.",
    ];
  const { question, choices, until, default: fallback } = open;
  const time = until && `until ${minute(until)}, then ${fallback ?? "the stage fails"}`;
  return [question, `choices: ${choices.join(", ")}`, time ?? ""];
}

function silence({ updatedAt, stalledSince, pid }: Operation, stallAfter: number): string {
  return stalledSince === null
    ? `The operation has reported nothing for ${durationText(stallAfter)}, since ${updatedAt}.`
    : `The worker ${pid} has been stopped (SIGSTOP) since ${stalledSince}.`;
}

/** `stage Copy (2 of 3)`; empty: no stage has begun. */
function stageLine({ stages, currentStage, untrackedStage }: Operation): string {
  if (untrackedStage !== null) return `stage ${untrackedStage}`;
  const name = stages[currentStage];
  return name === undefined ? "" : `stage ${name} (${currentStage + 1} of ${stages.length})`;
}

function nextOf(event: ActionEvent, record: Operation): string[] {
  const { id, state } = record;
  const open = openApproval(record);
  if (event === "stall") return [`liveops logs ${id} -f`, `liveops cancel ${id}`];
  if (event === "waits")
    return open === null
      ? [`liveops attach ${id}`]
      : [answerCommand(id, open), rejectCommand(id, open)];
  if (state === "failed") return [`liveops why ${id}`, `liveops logs ${id}`, `liveops retry ${id}`];
  return event === "odd" ? [`liveops why ${id}`] : [`liveops show ${id}`];
}

export function variablesOf({ event, subject, reasons, next, operation, about }: Message) {
  const { label = null, chain, seconds = null, error = null } = operation ?? {};
  const queue = operation?.queue ?? ("name" in about ? about.name : "");
  const variables: Record<keyof typeof ACTION_VARIABLES, string> = {
    LIVEOPS_EVENT: event,
    LIVEOPS_SUBJECT: subject,
    LIVEOPS_REASON: reasons.join("\n"),
    LIVEOPS_NEXT: next.join("\n"),
    LIVEOPS_OPERATION_ID: operation?.id ?? "",
    LIVEOPS_OP: operation?.op ?? "",
    LIVEOPS_TITLE: operation?.title ?? "",
    LIVEOPS_LABEL: label ?? "",
    LIVEOPS_STATE: operation?.state ?? "",
    LIVEOPS_CHAIN: chain?.id ?? "",
    LIVEOPS_QUEUE: queue,
    LIVEOPS_SECONDS: seconds === null ? "" : String(seconds),
    LIVEOPS_ERROR_CODE: error?.code ?? "",
  };
  // A variable of the environment holds no null character.
  return Object.fromEntries(
    Object.entries(variables).map(([name, text]) => [name, text.replaceAll("\0", "")]),
  );
}

/** Reasons and commands, below the subject of a message for people. */
export function bodyOf({ reasons, next }: Message): string {
  return [...reasons, ...next.map((command) => `$ ${command}`)].join("\n");
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text;
}
