/** Keeps the watch stream open for as long as the screen stands, and comes back by itself when it breaks. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { NoDaemonError } from "../../../protocol/client/errors.js";
import { pause } from "../pause.js";
import type { Message } from "../state/message.js";
import type { Store } from "../store.js";

/** Milliseconds before the first new attempt, and at most. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 1000;

export function useWatch(store: Store, client: Client): void {
  useEffect(() => {
    const left = new AbortController();
    void watchForEver(
      { dispatch: store.dispatch, now: store.now, cursor: () => store.state.view.cursor },
      client,
      left.signal,
    );
    return () => left.abort();
  }, [store, client]);
}

/** Whom the stream is for. */
export interface Watcher {
  dispatch(message: Message): void;
  now(): number;
  /** Where it goes on after it broke. */
  cursor(): string | null;
}

export async function watchForEver(watcher: Watcher, client: Client, left: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  while (!left.aborted) {
    try {
      const since = watcher.cursor();
      const query = { limit: 200, ...(since !== null && { since }) };
      for await (const line of client.watch(query, left)) {
        wait = FIRST_WAIT;
        watcher.dispatch({ type: "watched", line });
      }
    } catch (error) {
      if (left.aborted) return;
      watcher.dispatch({ type: "lost", reason: reasonOf(error), at: watcher.now() });
    }
    await pause(wait, left);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

const IN_WORDS: Record<string, string> = {
  ENOENT: "There is no such socket.",
  ECONNREFUSED: "The socket is there, but nobody listens on it.",
};

/** The screen says already that no daemon answers and where: only why is new. */
function reasonOf(error: unknown): string {
  if (!(error instanceof NoDaemonError)) return (error as Error).message;
  return IN_WORDS[error.reason] ?? error.reason;
}
