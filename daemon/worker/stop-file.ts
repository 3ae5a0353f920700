/**
 * How a stop reaches an attempt: the daemon's cancel file, seen by a busy loop, and SIGTERM, which
 * wakes the rest.
 */
import { existsSync } from "node:fs";
import type { StopControl } from "../../ops/attempt/sink.js";
import type { StopReason } from "../../protocol/event.js";
import { IrregularFileError, readOwnFile } from "../../protocol/system/own-file.js";
import { cancelFile } from "../run-files/attempt-files.js";

/** Bytes that the file may have. */
const MOST_BYTES = 4096;

export class StopFile implements StopControl {
  readonly #controller = new AbortController();
  checkLease?: () => void;

  constructor(private readonly attemptDir: string) {}

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  poll(): StopReason | null {
    if (this.signal.aborted) return this.signal.reason as StopReason;
    const reason = readStopReason(this.attemptDir);
    if (reason !== null) this.#controller.abort(reason);
    return reason;
  }

  /** A signal came: the attempt stops, with or without a cancel file. */
  signalled(): void {
    if (this.poll() === null) this.#controller.abort("cancel" satisfies StopReason);
  }
}

/** Why the attempt was told to stop, as its cancel file says; null if there is no cancel file. */
export function readStopReason(attemptDir: string): StopReason | null {
  const file = cancelFile(attemptDir);
  if (!existsSync(file)) return null;
  try {
    const { reason } = JSON.parse(readOwnFile(file, MOST_BYTES).toString("utf8")) as {
      reason?: unknown;
    };
    return reason === "timeout" ? "timeout" : "cancel";
  } catch (error) {
    // The daemon writes a regular file: anything else is not a request.
    return error instanceof IrregularFileError ? null : "cancel";
  }
}
