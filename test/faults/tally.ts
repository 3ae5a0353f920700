/**
 * The injected faults and their results, one line per fault; `npm run faults` prints the lines as a
 * table.
 *
 * Losses and duplicates fail the test that finds them; they are counted here for the table.
 */
import { appendFileSync } from "node:fs";
import { expect } from "vitest";

export interface FaultCount {
  fault: string;
  injected: number;
  /** What was at stake and is there afterwards, once: acknowledged submits, lines, runs. */
  survived: number;
  lost: number;
  duplicated: number;
}

/** Writes the count where the runner finds it, then fails on any loss or duplicate. */
export function record(count: FaultCount, details: readonly string[] = []): void {
  const file = process.env.LIVEOPS_FAULTS_TALLY;
  if (file) appendFileSync(file, `${JSON.stringify(count)}\n`);
  expect({ ...count, details }).toMatchObject({ lost: 0, duplicated: 0, details: [] });
}

/** Compares what must be there once each with what is there. */
export function compareOnce(expected: readonly string[], found: readonly string[]) {
  const seen = new Map<string, number>();
  for (const each of found) seen.set(each, (seen.get(each) ?? 0) + 1);
  const lost = expected.filter((each) => !seen.has(each));
  const twice = [...seen].filter(([, times]) => times > 1).map(([each]) => each);
  return {
    survived: expected.length - lost.length,
    lost: lost.length,
    duplicated: twice.length,
    details: [...lost.map((each) => `lost: ${each}`), ...twice.map((each) => `twice: ${each}`)],
  };
}
