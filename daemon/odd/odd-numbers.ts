/**
 * Which numbers of a success are odd: far outside of what earlier successes of the type, or those with the same
 * history key, told.
 *
 * The records in the archive are the history. Their numbers are read from it at the first success that tells a number,
 * and kept in memory while successes follow. A success that tells none, or only short times, costs nothing.
 */

import { ANY_PIPELINE } from "../../ops/pipeline/file-name.js";
import { paramsKey } from "../../protocol/estimate/usual.js";
import type { Odd, Operation } from "../../protocol/operation.js";
import type { Bus } from "../bus.js";
import type { Entry } from "../store/decision.js";
import type { Archive } from "../store/store.js";
import { type Earlier, FEWEST, farOutside, isShort, LEAST_FACTOR, NEWEST } from "./far-outside.js";
import { type Numbers, numbersOf } from "./numbers.js";

/** Successes of a type or history key that are remembered: eight days of a run an hour. */
const MOST_RUNS = 200;
/** Types and history keys that are remembered. */
const MOST_KEPT = 64;
/** Odd numbers of an operation that are told. */
const MOST_ODD = 10;

interface Run {
  readonly id: string;
  readonly at: number;
  /** Null: the record leaves the parameters out. */
  readonly params: string | null;
  readonly numbers: Numbers;
  readonly odd: ReadonlySet<string>;
}

export class OddNumbers {
  /** By type and history key, the newest success first. */
  readonly #runs = new Map<string, Run[]>();

  constructor(
    private readonly archive: Pick<Archive, "list">,
    bus: Bus,
  ) {
    bus.on("decided", (changes) => {
      for (const { id, before, after } of changes) {
        if (after?.state === "succeeded" && before?.state !== "succeeded") this.#add(after);
        else if (after === null && before?.state === "succeeded") this.#remove(id, before);
      }
    });
  }

  /**
   * The odd numbers of an operation that is about to succeed with this result.
   *
   * @throws the error of the store where the history cannot be read
   */
  async of({ record }: Pick<Entry, "record">, result: unknown): Promise<Odd[]> {
    const numbers = numbersOf({ ...record, result });
    // A short time is never odd.
    if ([...numbers.values()].every(isShort)) return [];
    const runs = comparable(await this.#known(record), keyOfParams(record));
    const at = startOf(record);
    const odd: Odd[] = [];
    for (const [name, { value, unit, isTime = false }] of runs.length < FEWEST ? [] : numbers) {
      if (isNear(name, value, runs)) continue;
      const earlier = runs.flatMap(({ at, numbers, odd }): Earlier[] => {
        const told = numbers.get(name);
        return told === undefined ? [] : [{ value: told.value, at, isOdd: odd.has(name) }];
      });
      const usual = farOutside(value, at, earlier, isTime);
      if (usual !== null) odd.push({ name, value, ...usual, ...(unit !== undefined && { unit }) });
    }
    return odd.slice(0, MOST_ODD);
  }

  async #known(record: Operation): Promise<Run[]> {
    const key = keyOf(record);
    const known = this.#runs.get(key);
    if (known) return known;
    const { op, historyKey, id } = record;
    const entries = await this.archive.list({ op, historyKey, state: ["succeeded"] }, MOST_RUNS);
    const read =
      this.#runs.get(key) ??
      entries.filter((each) => each.record.id !== id).map(({ record }) => runOf(record));
    for (const oldest of this.#runs.size >= MOST_KEPT ? this.#runs.keys() : []) {
      this.#runs.delete(oldest);
      break;
    }
    this.#runs.set(key, read);
    return read;
  }

  #add(record: Operation): void {
    for (const key of keysOf(record)) {
      const runs = this.#runs.get(key);
      if (runs === undefined || runs.some(({ id }) => id === record.id)) continue;
      runs.unshift(runOf(record));
      runs.splice(MOST_RUNS);
      // The ones that follow are kept longest.
      this.#runs.delete(key);
      this.#runs.set(key, runs);
    }
  }

  #remove(id: string, record: Operation): void {
    for (const key of keysOf(record)) {
      const runs = this.#runs.get(key);
      const at = runs?.findIndex((run) => run.id === id) ?? -1;
      if (at !== -1) runs!.splice(at, 1);
    }
  }
}

/** The common case: the value is near others, by less than every limit of `farOutside`. */
function isNear(name: string, value: number, runs: readonly Run[]): boolean {
  // The least and the greatest value may not count, so the second ones decide.
  let [least, low, high, greatest] = [Infinity, Infinity, -Infinity, -Infinity];
  let seen = 0;
  for (const { numbers, odd } of runs) {
    const told = numbers.get(name)?.value;
    if (told === undefined || (odd.size > 0 && odd.has(name))) continue;
    if (told < least) [least, low] = [told, least];
    else if (told < low) low = told;
    if (told > greatest) [high, greatest] = [greatest, told];
    else if (told > high) high = told;
    if (low <= value && value <= high) return true;
    if (++seen === NEWEST) break;
  }
  return seen < FEWEST || (low > 0 && value * LEAST_FACTOR >= low && value <= high * LEAST_FACTOR);
}

const startOf = ({ startedAt, createdAt }: Operation) => Date.parse(startedAt ?? createdAt);

const keyOf = ({ op, historyKey }: Operation) => JSON.stringify([op, historyKey]);

/** A type whose key is not always there compares runs without one with all its runs, as `Durations` does. */
function keysOf(record: Operation): string[] {
  const { op, historyKey } = record;
  return historyKey === undefined ? [keyOf(record)] : [keyOf(record), JSON.stringify([op, undefined])];
}

function runOf(record: Operation): Run {
  return {
    id: record.id,
    at: startOf(record),
    params: keyOfParams(record),
    numbers: numbersOf(record),
    odd: new Set(record.odd?.map(({ name }) => name)),
  };
}

/** The text of a pipeline file may change. It is the parameters of the pipeline that make runs alike. */
function keyOfParams({ op, params, omitted }: Operation): string | null {
  const own = op === ANY_PIPELINE && typeof params.params === "object" ? params.params : params;
  return paramsKey({ params: own as Operation["params"], omitted });
}

/** Runs with the same parameters, where there are enough of them. */
function comparable(runs: readonly Run[], params: string | null): readonly Run[] {
  const same = runs.filter((run) => run.params === params);
  return same.length >= FEWEST ? same : runs;
}
