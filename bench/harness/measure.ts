/** What the script of a measure uses: its size, its rounds, its rows, and what it cleans up. */
import { basename } from "node:path";
import { type AbsentRow, type Beside, type Row, rowOf } from "./rows.js";

/** Fewer rounds and less work, to check that the measure runs. */
export const isQuick = process.argv.includes("--quick");

const name = basename(process.argv[2] ?? "", ".ts");

/**
 * Tells the parent, which makes the table.
 *
 * @param goal - as `≤ 2 ×` for the ratio to what it is beside, or `≤ 5 ms`; the gate has its
 *   bounds in a file
 * @param detail - what the figure is made of; the gate prints it with a row that is over its
 *   bound
 */
export function row(
  what: string,
  unit: string,
  goal: string | null,
  ours: number[],
  beside?: Beside,
  detail = "",
): void {
  tell({ ...rowOf(name, what, unit, goal, ours, beside), detail });
}

/** This machine lacks what a measure needs. */
export class NotHere extends Error {}

/** Instead of the rows that a measure still owes. */
export const failed = (error: Error): void =>
  tell({
    measure: name,
    name: "all other rows",
    absent: error.message,
    isFault: !(error instanceof NotHere),
  });

const tell = (said: Row | AbsentRow): void => void process.send!(said);

type Contenders = Record<string, () => unknown>;

/**
 * Takes one sample of each contender per round; each round begins with a different contender, so
 * that a busy machine slows all of them alike. The first round warms up and does not count.
 */
export async function rounds<C extends Contenders>(count: number, contenders: C) {
  const names = Object.keys(contenders);
  const samples: Record<string, unknown[]> = Object.fromEntries(names.map((each) => [each, []]));
  for (let round = 0; round <= (isQuick ? 2 : count); round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const each = names[(round + turn) % names.length]!;
      const sample = await contenders[each]!();
      if (round > 0) samples[each]!.push(sample);
    }
  }
  // The loop has filled in each name.
  return samples as { [K in keyof C]: Array<Awaited<ReturnType<C[K]>>> };
}

// A fleet has more of them than Node expects.
process.setMaxListeners(100);

/**
 * Calls `end` once: when the returned function is called, else when this process exits. The last is
 * called first.
 */
export function atExit(end: () => void): () => void {
  const once = () => {
    process.off("exit", once);
    end();
  };
  process.prependListener("exit", once);
  return once;
}
