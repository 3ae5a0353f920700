/** How a stop reaches an attempt: the daemon's cancel file, seen by a busy loop, and SIGTERM, which wakes the rest. */
import { existsSync, readFileSync } from "node:fs";
import type { StopControl } from "../../ops/api/sink.js";
import type { StopReason } from "../../protocol/fact.js";
import { cancelFile } from "../run-files/names.js";

export class StopFile implements StopControl {
  readonly #controller = new AbortController();

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

  /** A signal came: with or without a file, it is time to stop. */
  signalled(): void {
    if (this.poll() === null) this.#controller.abort("cancel" satisfies StopReason);
  }
}

/** Why the attempt was told to stop, as its cancel file says; null where there is none. */
export function readStopReason(attemptDir: string): StopReason | null {
  const file = cancelFile(attemptDir);
  if (!existsSync(file)) return null;
  try {
    const { reason } = JSON.parse(readFileSync(file, "utf8")) as { reason?: unknown };
    return reason === "timeout" ? "timeout" : "cancel";
  } catch {
    return "cancel";
  }
}
