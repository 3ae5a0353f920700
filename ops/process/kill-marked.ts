/** Kills all that carries a mark in its environment: what a process started, whatever group it moved to. */
import { hasMark, pids } from "./proc.js";

/** Who is killed may have started another one meanwhile: looked for again, so many times at most. */
const ROUNDS = 10;

/** @param mark `NAME=value`, in the environment of none but those that are to go */
export function killMarked(mark: string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const found = pids().filter((pid) => pid !== process.pid && hasMark(pid, mark));
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}
