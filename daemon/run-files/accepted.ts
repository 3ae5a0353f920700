/**
 * The first event of an attempt, `attempt:accepted`, and what it keeps of the operation: the entry as the daemon held
 * it at the start. With it the run files alone tell whose they are, should every other record of it be lost.
 */

import { parseRecord } from "../../protocol/record-line.js";
import type { Entry } from "../store/decision.js";
import { uncommittedLine } from "./complete-events.js";
import { eventsFile } from "./names.js";
import { Tail } from "./tail.js";

/** Bytes of a run file looked at in a go. */
const PIECE = 64 * 1024;

/** The entry of an attempt that was accepted; null where it was not, or that cannot be read. */
export function readAccepted(attemptDir: string): Entry | null {
  let entry: Entry | null = null;
  const look = (line: string) => {
    if (entry !== null || !line.includes('"attempt:accepted"')) return;
    const event = parseRecord<{ type: string; entry: Entry }>(line);
    if (event?.type === "attempt:accepted") entry = event.entry;
  };
  const tail = new Tail(eventsFile(attemptDir));
  try {
    while (entry === null && tail.read(look, PIECE));
    // Durable, and a power cut came before its newline was.
    if (entry === null) look(uncommittedLine(tail));
  } finally {
    tail.close();
  }
  return entry;
}
