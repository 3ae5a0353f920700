/** Notices: messages to people about what needs them, which the daemon sends over channels. */
import type { Operation } from "./operation.js";

/** What a notice can be about, with its meaning. */
export const NOTICE_EVENTS = {
  failed: "an operation failed, and no retry follows",
  finished: "an operation ended after `longerThan` seconds or more; a cancelled one is left out",
  stalled: "a running operation reported nothing for `stallAfter` seconds, or its worker is stopped",
  input: "a program waits for input on its terminal",
  approval: "an operation waits for approval",
  odd: "an operation succeeded with unusual numbers",
  missed: "a run of a schedule did not start, or the schedule has not succeeded for too long",
  trouble: "the daemon has a problem of its own",
} as const;

export type NoticeEvent = keyof typeof NOTICE_EVENTS;

export const EVENT_NAMES = Object.keys(NOTICE_EVENTS) as NoticeEvent[];

/** Events that a channel tells without a choice of its own. */
export const DEFAULT_EVENTS: readonly NoticeEvent[] = EVENT_NAMES.filter((name) => name !== "finished");

/** Seconds after which a channel tells the end of an operation, without a choice of its own. */
export const DEFAULT_LONGER_THAN = 60;

/** What a part of the daemon says for a notice. */
export interface NoticeDraft {
  /** A test is for one channel, whatever the channel tells. */
  event: NoticeEvent | "test";
  /** Names the occurrence: the same key is told once. */
  key: string;
  /** The operation that it is about. */
  record?: Operation;
  /** The schedule that it is about, and what its runs submit. */
  schedule?: { name: string; op: string; queue?: string | undefined; label?: string | null | undefined };
  /** Default: the event and the name of the operation or of the schedule. */
  title?: string;
  /** At most three lines. */
  reason: readonly string[];
  /** Commands that go on from here. */
  next: readonly string[];
}

/** A notice as channels send it, and as the outbox keeps it. All texts are clean and short. */
export interface Notice {
  /** A repeated delivery has the same id. */
  id: string;
  event: NoticeDraft["event"];
  /** ISO 8601, UTC. */
  at: string;
  /** What happened to what. */
  title: string;
  /** Host, queue, label, duration: one line. */
  where: string;
  reason: string[];
  next: string[];
  operation: NoticeOperation | null;
  schedule: string | null;
}

export type NoticeOperation = Pick<
  Operation,
  "id" | "op" | "title" | "label" | "queue" | "state" | "attempt" | "seconds"
> & { error: { code: string; message: string } | null };
