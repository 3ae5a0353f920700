/** Patience with the engine at the start of a daemon. */
import { EngineAwayError } from "../engine/errors.js";

/** How long a start waits for one answer of the engine, in ms. */
const START_MS = 15_000;

/**
 * Asks until the engine answers: an engine that has just been started, or a machine that is busy
 * with it, takes longer than a call may.
 *
 * @throws EngineAwayError after 15 s; other errors at once
 */
export async function atStart<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + START_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EngineAwayError) || performance.now() >= end) throw error;
    }
  }
}
