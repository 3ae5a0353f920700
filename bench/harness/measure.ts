/** What the script of a measure uses: its size, its rounds, its rows, and what it cleans up. */
import { basename } from "node:path";
import { type AbsentRow, type Beside, type Row, rowOf } from "./rows.js";

/** Fewer rounds and less work, to check that the measure runs. */
export const isQuick = process.argv.includes("--quick");

const name = basename(process.argv[2] ?? "", ".ts");

/** Tells the parent, which makes the table. @param goal - as `≤ 2 ×` for the ratio to what it is beside, or `≤ 5 ms` */
export function row(what: string, unit: string, goal: string | null, ours: number[], beside?: Beside): void {
  tell(rowOf(name, what, unit, goal, ours, beside));
}

/** A row of the gate. @param detail - printed with a row that is over its bound: what the figure is made of */
export function gateRow(what: string, ours: number[], beside?: Beside, detail = ""): void {
  tell({ ...rowOf(name, what, "", null, ours, beside), detail });
}

export const absent = (what: string, why: string): void => tell({ measure: name, name: what, absent: why });

const tell = (said: Row | AbsentRow): void => void process.send!(said);

type Contenders = Record<string, () => unknown>;

/**
 * Takes one sample of each contender per round; each round begins with a different contender, so that a busy machine
 * slows all of them alike. The first round warms up and does not count.
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

/** Calls `end` once: when the returned function is called, else when this process exits. The last is called first. */
export function atExit(end: () => void): () => void {
  const once = () => {
    process.off("exit", once);
    end();
  };
  process.prependListener("exit", once);
  return once;
}
