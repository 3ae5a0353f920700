/** Reads the tape of the timeline: the stored events of the chain, then the coming ones, over restarts of the daemon. */
import { useEffect } from "react";
import type { Client } from "../../../protocol/client/client.js";
import { followChain } from "../../../protocol/client/follow.js";
import { TAPE_MOST, type TapedLine } from "../replay/tape.js";
import { isPlaying, wantedTape } from "../state/pages/timeline.js";
import type { Store } from "../store.js";
import { useStored } from "./useStored.js";

/** Milliseconds between two moves of a replay that plays. */
const FRAME = 50;
/** Lines handed on at once while a long tape is read. */
const BATCH = 2000;

export function useTape(store: Store, client: Client): void {
  const first = useStored(store, wantedTape);
  useEffect(() => {
    if (first === null) return;
    const left = new AbortController();
    void read(store, client, first, left.signal);
    return () => left.abort();
  }, [store, client, first]);

  const playing = useStored(store, isPlaying);
  useEffect(() => {
    if (!playing) return;
    let before = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      store.dispatch({ type: "played", milliseconds: now - before });
      before = now;
    }, FRAME);
    return () => clearInterval(timer);
  }, [store, playing]);
}

async function read(store: Store, client: Client, first: string, left: AbortSignal): Promise<void> {
  let id = first;
  let lines: TapedLine[] = [];
  let due: NodeJS.Immediate | null = null;
  let count = 0;
  const hand = () => {
    due = null;
    if (lines.length > 0 && !left.aborted) store.dispatch({ type: "taped", first, id, lines });
    lines = [];
  };
  try {
    for await (const followed of followChain(client, first, { signal: left })) {
      if (followed.id !== id) hand();
      id = followed.id;
      if (followed.line.type === "end") continue;
      lines.push(followed.line);
      if (++count > TAPE_MOST) {
        hand();
        store.dispatch({
          type: "tape-broken",
          first,
          reason: `the first ${TAPE_MOST.toLocaleString("en")} events and lines`,
        });
        return;
      }
      if (lines.length >= BATCH) hand();
      // What comes together is handed on together.
      else due ??= setImmediate(hand);
    }
    hand();
  } catch (error) {
    if (left.aborted) return;
    hand();
    store.dispatch({ type: "tape-broken", first, reason: (error as Error).message });
  } finally {
    if (due !== null) clearImmediate(due);
  }
}
