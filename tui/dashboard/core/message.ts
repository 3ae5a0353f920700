/** What can happen to the dashboard: keys and the terminal, and what effects report. */

import type { Operation } from "../../../protocol/operation.js";
import type { OperationType } from "../../../protocol/replies.js";
import type { WatchLine } from "../../../protocol/watch.js";
import type { HungDaemon } from "../../kit/silent-daemon.js";
import type { PipelineText } from "../form/form.js";
import type { Pressed } from "../text/keys.js";
import type { Rgb } from "../text/theme.js";
import type { Size } from "./model.js";
import type { Request } from "./request.js";

export type Message =
  | { type: "started" }
  | { type: "pressed"; pressed: Pressed }
  | { type: "pasted"; text: string }
  | { type: "resized"; size: Size }
  /** The terminal told its background. */
  | { type: "background"; colour: Rgb }
  | { type: "ticked"; now: number }
  /** Here, in another dashboard or by a command, a person looked at what ended until then. */
  | { type: "looked"; until: number }
  | { type: "watched"; line: WatchLine }
  /** Several lines that came in between two drawings. */
  | { type: "watched-lines"; lines: readonly WatchLine[] }
  /** The watch stream broke, could not be opened, or is silent since then. */
  | { type: "lost"; reason: string; at: number; hung?: HungDaemon | undefined }
  /** The watch stream has not brought the last ping. */
  | { type: "quiet" }
  /** The silent stream brings lines again. */
  | { type: "heard" }
  /** The answer to what the state wanted, by the name in `ASKS`. */
  | { type: "told"; name: string; want: object; answer: unknown }
  | { type: "not-found"; code: number; message: string }
  | {
      type: "form-ready";
      operation: Operation;
      operationType: OperationType;
      file?: PipelineText;
      retries?: true;
    }
  | { type: "answered"; request: Request; operations: readonly Operation[] }
  | { type: "refused"; request: Request; message: string }
  /** An effect shows a notice. */
  | { type: "noticed"; text: string; level: "info" | "success" | "warning" | "error" };

const URGENT: ReadonlySet<Message["type"]> = new Set(["pressed", "pasted", "resized", "not-found"]);

/** Whether the screen answers at once; everything else waits for the next flush. */
export function isUrgent(message: Message): boolean {
  return URGENT.has(message.type);
}
