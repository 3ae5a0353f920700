import type { ForecastReply, QueueReply, ScheduleReply } from "../../../../protocol/replies.js";

/** Queues, schedules and the order of starts. */
export interface QueuesSlice {
  readonly all: readonly QueueReply[];
  readonly schedules: readonly ScheduleReply[];
  /** Raised when a request changed the order or the state of queues: they are asked for again. */
  readonly run: number;
  readonly forecast: ForecastReply | null;
}

export const QUEUES: QueuesSlice = { all: [], schedules: [], run: 0, forecast: null };
