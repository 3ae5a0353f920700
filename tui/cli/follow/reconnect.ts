/**
 * Keeps a stream going over restarts of the daemon: on a lost connection it tries again with a growing delay, for
 * as long as it takes, and says so once when it went and once when it is back.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionLostError, NoAnswerError, NoDaemonError } from "../../../protocol/client/errors.js";
import { Refusal } from "../../../protocol/errors.js";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2000;

export interface Reconnect {
  /** The first time a connection is lost, until it is back. */
  onLost?: (() => void) | undefined;
  /** The first line after that. */
  onBack?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Yields the lines of one stream after the other until one of them ends by itself. `open` is asked anew after each
 * loss and goes on from where its caller stands.
 *
 * @throws NoDaemonError when the first try finds no daemon: nothing was there to come back.
 */
export async function* reconnecting<T>(
  open: () => AsyncGenerator<T>,
  { onLost, onBack, signal }: Reconnect,
): AsyncGenerator<T> {
  let connected = false;
  let lost = false;
  let wait = FIRST_DELAY_MS;
  for (;;) {
    try {
      for await (const line of open()) {
        if (lost) onBack?.();
        connected = true;
        lost = false;
        wait = FIRST_DELAY_MS;
        yield line;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayComeBack(error, connected || lost)) throw error;
      if (!lost) onLost?.();
      lost = true;
    }
    await delay(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
    wait = Math.min(wait * 2, LONGEST_DELAY_MS);
  }
}

/**
 * Asks again while the daemon takes the question and does not answer.
 *
 * @throws NoDaemonError where no daemon listens
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { onLost, onBack, signal }: Reconnect,
): Promise<T> {
  for (let wait = FIRST_DELAY_MS, lost = false; ; wait = Math.min(wait * 2, LONGEST_DELAY_MS)) {
    try {
      const answer = await ask();
      if (lost) onBack?.();
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayComeBack(error, lost)) throw error;
      if (!lost) onLost?.();
      lost = true;
    }
    await delay(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

function mayComeBack(error: unknown, wasThere: boolean): boolean {
  if (error instanceof ConnectionLostError || error instanceof NoAnswerError) return true;
  if (error instanceof NoDaemonError) return wasThere;
  return error instanceof Refusal && error.code === "LIVEOPS_STOPPING";
}
