/**
 * Reads the rest of a body that nobody wants, so that its sender gets to read the answer: a connection that is closed
 * with something unread is reset, and the answer is lost with it.
 */
import type { IncomingMessage } from "node:http";

/** A sender that goes on for longer is not waited for. */
const MOST_MS = 2000;

/** Resolves when the body is at its end, or was taken long enough. */
export function readAway(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, MOST_MS);
    function done(): void {
      clearTimeout(timer);
      for (const event of ["end", "close", "error"]) request.off(event, done);
      resolve();
    }
    for (const event of ["end", "close", "error"]) request.on(event, done);
    request.resume();
  });
}
