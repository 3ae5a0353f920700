/** Ends the work of a command on Ctrl-C. */
import { InterruptedError } from "../../protocol/failures.js";

/**
 * Runs the work with a signal that SIGINT and SIGTERM abort with an InterruptedError (exit code
 * 130).
 *
 * @param message called at the signal, because the watched operation changes along a chain
 */
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
