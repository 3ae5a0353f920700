/**
 * Keeps a stream open over restarts of the daemon: reconnects with a growing delay, without a
 * limit, and reports the loss once and the return once.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "../errors.js";
import { ConnectionLostError, NoAnswerError, NoDaemonError, UnreachableError } from "./errors.js";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2000;

export interface Reconnect {
  /** Called once for each loss of the connection. */
  onLost?: (() => void) | undefined;
  /** Called at the first line after a loss. */
  onBack?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Errors after which the next try may succeed, beside a lost daemon. Default: none. */
  isPassing?: ((error: unknown) => boolean) | undefined;
}

/**
 * Yields the lines of one stream after another until a stream ends without an error. Calls `open`
 * again after each loss; `open` resumes at the caller's position.
 *
 * @throws NoDaemonError when the first connection finds no daemon
 */
export async function* reconnecting<T>(
  open: () => AsyncGenerator<T>,
  { onLost, onBack, signal, isPassing = () => false }: Reconnect,
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
      if (!isPassing(error) && !mayComeBack(error, connected || lost)) throw error;
      if (!lost) onLost?.();
      lost = true;
    }
    await delay(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
    wait = Math.min(wait * 2, LONGEST_DELAY_MS);
  }
}

/**
 * Repeats the request while the daemon accepts it and does not answer.
 *
 * @throws NoDaemonError where no daemon listens
 */
export async function untilAnswered<T>(ask: () => Promise<T>, options: Reconnect): Promise<T> {
  const once = async function* () {
    yield await ask();
  };
  for await (const answer of reconnecting(once, options)) return answer;
  throw new Error("unreachable: the stream of one answer yields it or throws");
}

function mayComeBack(error: unknown, wasThere: boolean): boolean {
  if (error instanceof ConnectionLostError || error instanceof NoAnswerError) return true;
  if (error instanceof UnreachableError)
    return error.kind !== "refused" && (wasThere || error.wasReached);
  if (error instanceof NoDaemonError) return wasThere;
  return error instanceof Refusal && error.code === "LIVEOPS_STOPPING";
}
