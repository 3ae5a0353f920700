/** Run files made ready while the daemon writes the start: two waits for the disk become one. */
import type { AppendFile } from "../../ops/runner/append-file.js";
import type { PrepareMessage } from "./messages.js";
import { beginEvents } from "./run-sink.js";

export interface Prepared {
  attemptDir: string;
  events: AppendFile;
}

/** Null where that did not work: the order itself tries again, and says what is wrong. */
export function prepare({ attemptDir }: PrepareMessage): Prepared | null {
  try {
    return { attemptDir, events: beginEvents(attemptDir) };
  } catch {
    return null;
  }
}
