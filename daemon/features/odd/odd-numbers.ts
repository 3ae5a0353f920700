/**
 * Which numbers of a success are odd: far outside of what earlier successes of the type, or those
 * with the same history key, told.
 *
 * The records in the archive are the history. Their numbers are read from it at the first success
 * that tells a number, and kept in memory while successes follow. A success that tells none, or
 * only short times, costs nothing.
 */

import { ANY_PIPELINE } from "../../../ops/pipeline/file-name.js";
import { historyName, likenessOf } from "../../../protocol/estimate/likeness.js";
import { paramsKey } from "../../../protocol/estimate/usual.js";
import type { Odd, Operation } from "../../../protocol/operation.js";
import type { Bus } from "../../bus.js";
import type { Entry } from "../../store/decision.js";
import type { Archive } from "../../store/store.js";
import { type Earlier, FEWEST, farOutside, isShort } from "./far-outside.js";
import { type Numbers, numbersOf } from "./numbers.js";

/**
 * Successes of a type or history key that are remembered. A value that was odd three times among
 * them is usual.
 */
const MOST_RUNS = 200;
/** Types and history keys that are remembered. */
const MOST_KEPT = 64;
/** Odd numbers of an operation that are told. */
const MOST_ODD = 10;

/** Key of parameters; null: the record leaves them out. */
type Params = string | null;

interface Run {
  readonly params: Params;
  readonly numbers: Numbers;
  readonly odd: ReadonlySet<string>;
}

export class OddNumbers {
  /** By type and history key, then by id: the newest success last. */
  readonly #runs = new Map<string, Map<string, Run>>();

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
    // A short time is never odd.
    const numbers = [...numbersOf(record, result)].filter(([, number]) => !isShort(number));
    if (numbers.length === 0) return [];
    const runs = [...(await this.#known(record)).values()].reverse();
    const compared = comparedParams(runs, keyOfParams(record));
    const odd: Odd[] = [];
    for (const [name, { value, unit, isTime = false }] of numbers) {
      const usual = farOutside(value, earlierOf(name, runs, compared), isTime);
      if (usual !== null) odd.push({ name, value, ...usual, unit });
    }
    return odd.slice(0, MOST_ODD);
  }

  async #known(record: Operation): Promise<ReadonlyMap<string, Run>> {
    const key = historyName(record);
    const known = this.#runs.get(key);
    if (known) return known;
    const entries = await this.archive.list(
      { ...likenessOf(record), state: ["succeeded"] },
      MOST_RUNS,
    );
    const earlier = entries.filter((each) => each.record.id !== record.id).reverse();
    const read =
      this.#runs.get(key) ??
      new Map(earlier.map(({ record }) => [record.id, runOf(record)] as const));
    if (this.#runs.size >= MOST_KEPT) this.#runs.delete(firstOf(this.#runs));
    this.#runs.set(key, read);
    return read;
  }

  #add(record: Operation): void {
    for (const key of keysOf(record)) {
      const runs = this.#runs.get(key);
      if (runs === undefined || runs.has(record.id)) continue;
      runs.set(record.id, runOf(record));
      if (runs.size > MOST_RUNS) runs.delete(firstOf(runs));
      // The ones that follow are kept longest.
      this.#runs.delete(key);
      this.#runs.set(key, runs);
    }
  }

  #remove(id: string, record: Operation): void {
    for (const key of keysOf(record)) this.#runs.get(key)?.delete(id);
  }
}

const firstOf = (runs: ReadonlyMap<string, unknown>): string => runs.keys().next().value!;

/**
 * The parameters of the runs that count; undefined: all count. Runs with other parameters do other
 * work, but where most runs have parameters of their own, such as a date, they are of one kind.
 */
function comparedParams(runs: readonly Run[], params: Params): Params | undefined {
  if (runs.filter((run) => run.params === params).length >= FEWEST) return params;
  return new Set(runs.map((run) => run.params)).size > runs.length / 2 ? undefined : params;
}

/** @param compared - parameters of the runs that count; undefined: all */
function earlierOf(name: string, runs: readonly Run[], compared: Params | undefined): Earlier[] {
  return runs.flatMap(({ numbers, odd, params }) => {
    const told = compared === undefined || params === compared ? numbers.get(name) : undefined;
    return told === undefined ? [] : [{ value: told.value, isOdd: odd.has(name) }];
  });
}

/**
 * A type whose key is not always there compares runs without one with all its runs, as `Durations`
 * does.
 */
function keysOf(record: Operation): string[] {
  return [...new Set([historyName(record), record.op])];
}

function runOf(record: Operation): Run {
  return {
    params: keyOfParams(record),
    numbers: numbersOf(record, record.result),
    odd: new Set(record.odd?.map(({ name }) => name)),
  };
}

/**
 * The text of a pipeline file may change. It is the parameters of the pipeline that make runs
 * alike.
 */
function keyOfParams({ op, params, large }: Operation): Params {
  const own = op === ANY_PIPELINE && typeof params.params === "object" ? params.params : params;
  return paramsKey({ params: own as Operation["params"], large });
}
