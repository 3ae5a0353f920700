/** Processes that an attempt started, by the pids that they print. */
import { existsSync, readFileSync } from "node:fs";
import type { RunningOperation } from "../harness/testing/index.js";

/** The first pids in the output, at least `n`. */
export async function pidsOf(attempt: RunningOperation, n: number): Promise<number[]> {
  const pids = () =>
    attempt.log.filter(({ text }) => /^\d+$/.test(text)).map(({ text }) => Number(text));
  await attempt.untilLog(() => pids().length >= n);
  return pids();
}

/** A zombie that nobody has waited for yet counts as ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/^\d+ \(.*\) [ZX]/s.test(readFileSync(stat, "utf8"));
}
