/** What can happen to the dashboard. Data messages come from the hooks, `pressed` from the keyboard. */
import type { LogLine, Operation } from "../../../protocol/operation.js";
import type { HistoryReply, TypesReply } from "../../../protocol/replies.js";
import type { WatchLine } from "../../../protocol/watch.js";
import type { Pressed } from "../keys/key.js";
import type { TapedLine } from "../replay/tape.js";
import type { LogFilter } from "./log-filter.js";
import type { LogWant } from "./log-window.js";
import type { Size } from "./model.js";
import type { Attempt } from "./pages/record.js";
import type { Action } from "./press.js";
import type { Request } from "./request.js";

export type Message =
  | { type: "pressed"; action: Action }
  /** A key that does nothing now, though it may have been expected to. */
  | { type: "nothing-done"; text: string }
  /** Into the line that is open at the foot. */
  | { type: "typed"; pressed: Pressed }
  | { type: "pasted"; text: string }
  | { type: "resized"; size: Size }
  | { type: "ticked"; now: number }
  | { type: "watched"; line: WatchLine }
  /** Several lines that came in between two drawings. */
  | { type: "watched-lines"; lines: readonly WatchLine[] }
  /** The watch stream broke, or could not be opened. */
  | { type: "lost"; reason: string; at: number }
  | { type: "logged"; id: string; lines: readonly LogLine[] }
  | {
      type: "log-fetched";
      id: string;
      filter: LogFilter;
      want: LogWant;
      lines: readonly LogLine[];
      total: number;
      next: number | null;
    }
  /** The line that was sought, or none. */
  | { type: "sought"; key: string; line: LogLine | null }
  | { type: "history-fetched"; name: string; reply: HistoryReply; succeeded: number }
  | { type: "attempts-read"; id: string; attempts: readonly Attempt[] }
  | { type: "fetched"; operations: readonly Operation[] }
  /** A page of the list, for the filter as it was typed. */
  | {
      type: "page-fetched";
      text: string;
      operations: readonly Operation[];
      next: string | null;
      total: number;
    }
  /** The operation that the command line names. */
  | { type: "found"; operation: Operation }
  | { type: "not-found"; code: number; message: string }
  /** Events and lines of an operation of the chain that begins with `first`. */
  | { type: "taped"; first: string; id: string; lines: readonly TapedLine[] }
  | { type: "tape-broken"; first: string; reason: string }
  /** The replay plays, and the clock went on. */
  | { type: "played"; milliseconds: number }
  | { type: "types-fetched"; types: TypesReply }
  | { type: "types-lost"; message: string }
  | { type: "answered"; request: Request; operation: Operation }
  | { type: "refused"; request: Request; message: string };

const URGENT: ReadonlySet<Message["type"]> = new Set([
  "pressed",
  "nothing-done",
  "typed",
  "pasted",
  "resized",
  "not-found",
]);

/** Whether the screen answers at once; everything else waits for the next flush. */
export function isUrgent(message: Message): boolean {
  return URGENT.has(message.type);
}
