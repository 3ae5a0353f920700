/**
 * Ctrl-C on a command that watches: the command ends with 130, what it watched goes on.
 *
 * The message is asked for when it happens, since along a chain the operation watched changes.
 */
import { InterruptedError } from "../../protocol/command/failures.js";

/** Runs the work with a signal that SIGINT and SIGTERM abort with an InterruptedError. */
export async function interruptible<T>(
  message: () => string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new InterruptedError(message()));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
