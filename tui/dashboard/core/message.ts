/** What can happen to the dashboard: keys and the terminal, and what effects report. */

import type { LogLine, Operation } from "../../../protocol/operation.js";
import type {
  DaemonReply,
  ForecastReply,
  HistoryReply,
  HostsReply,
  OperationType,
  QueueReply,
  ScheduleReply,
  TypesReply,
} from "../../../protocol/replies.js";
import type { Why } from "../../../protocol/why.js";
import type { AttemptRow } from "../../describe/course.js";
import type { HungDaemon } from "../../kit/silent-daemon.js";
import type { PipelineText } from "../form/form.js";
import type { Pressed } from "../text/keys.js";
import type { Rgb } from "../text/theme.js";
import type { LogFilter, LogWant } from "./log-window.js";
import type { Size, State, TimelineRead } from "./model.js";
import type { PageReply, QueuePageReply } from "./paging.js";
import type { Request } from "./request.js";
import type { StreamLine } from "./source.js";

export type Message =
  | { type: "started" }
  | { type: "pressed"; pressed: Pressed }
  | { type: "pasted"; text: string }
  | { type: "clicked"; x: number; y: number }
  | { type: "scrolled"; x: number; y: number; rows: number }
  | { type: "resized"; size: Size }
  /** The terminal told its background. */
  | { type: "background"; colour: Rgb }
  | { type: "ticked"; now: number }
  | { type: "watched"; line: StreamLine }
  /** Several lines that came in between two drawings. */
  | { type: "watched-lines"; lines: readonly StreamLine[] }
  /** The watch stream broke, could not be opened, or is silent since then. */
  | { type: "lost"; reason: string; at: number; hung?: HungDaemon | undefined }
  /** The silent stream brings lines again. */
  | { type: "heard" }
  /** A change that the client of a feature makes. */
  | { type: "apply"; change: (state: State) => State }
  | { type: "matches-counted"; key: string; numbers: readonly number[]; isMore: boolean }
  | { type: "why-fetched"; id: string; attempt: number; why: Why }
  | { type: "logged"; id: string; lines: readonly LogLine[] }
  /** Numbers count through the chain. */
  | {
      type: "log-fetched";
      chain: string;
      filter: LogFilter;
      want: LogWant;
      lines: readonly LogLine[];
      total: number;
      next: number | null;
      floor: number;
    }
  | { type: "sought"; key: string; line: LogLine | null }
  | { type: "queues-fetched"; queues: readonly QueueReply[]; schedules: readonly ScheduleReply[] }
  | { type: "hosts-fetched"; fleet: HostsReply }
  | { type: "history-fetched"; name: string; reply: HistoryReply; succeeded: number }
  | { type: "attempts-read"; id: string; attempts: readonly AttemptRow[] }
  | { type: "fetched"; operations: readonly Operation[] }
  | ({ type: "page-fetched" } & PageReply)
  | ({ type: "queue-fetched" } & QueuePageReply)
  | { type: "found"; operation: Operation }
  | { type: "not-found"; code: number; message: string }
  | { type: "timeline-read"; first: string; read: TimelineRead }
  | { type: "types-fetched"; types: TypesReply }
  | { type: "types-lost"; message: string }
  | {
      type: "form-ready";
      operation: Operation;
      operationType: OperationType;
      file?: PipelineText;
      retries?: true;
    }
  | { type: "forecast-fetched"; forecast: ForecastReply }
  | { type: "today-counted"; since: string; count: number; succeeded: number }
  | { type: "failures-fetched"; operations: readonly Operation[]; cursor: string }
  | { type: "daemon-fetched"; daemon: DaemonReply }
  | { type: "answered"; request: Request; operations: readonly Operation[] }
  | { type: "refused"; request: Request; message: string }
  /** An effect shows a notice. */
  | { type: "noticed"; text: string; level: "info" | "success" | "warning" | "error" };

const URGENT: ReadonlySet<Message["type"]> = new Set([
  "pressed",
  "pasted",
  "clicked",
  "scrolled",
  "resized",
  "not-found",
]);

/** Whether the screen answers at once; everything else waits for the next flush. */
export function isUrgent(message: Message): boolean {
  return URGENT.has(message.type);
}
