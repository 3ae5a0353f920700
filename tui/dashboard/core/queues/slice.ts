import type { QueueReply, ScheduleReply } from "../../../../protocol/replies.js";

/** Queues, schedules and the order of starts. */
export interface QueuesSlice {
  readonly all: readonly QueueReply[];
  readonly schedules: readonly ScheduleReply[];
  /** Raised when a request changed the order or the state of queues: they are asked for again. */
  readonly run: number;
}

export const QUEUES: QueuesSlice = { all: [], schedules: [], run: 0 };
