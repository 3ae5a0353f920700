/** Stage values in memory, for an attempt that resumes an earlier one. */
import type { StageValue } from "../../protocol/event.js";
import type { ItemsPlace } from "./item-files.js";
import type { FinishedItems, ItemsOwner, StageValues, Stored, ValuePlace } from "./sink.js";
import { hashOfParams, isSamePlace, keptBefore, stillCounts } from "./stage-values.js";

interface StoredValue extends ValuePlace {
  params: string;
  attempt: number;
  /** Empty: undefined. */
  json: string;
}

/** Finished items of one batch. */
interface StoredBatch extends ItemsPlace {
  keys: readonly string[];
}

/** What a run leaves for a later attempt. */
export interface KeptValues {
  values: readonly StoredValue[];
  items: readonly StoredBatch[];
}

/**
 * As in a worker, a value is valid only for the parameters that produced it, and is read back from
 * JSON.
 */
export class MemoryStageValues implements StageValues {
  readonly #params: string;
  readonly #stored: StoredValue[];
  #items: StoredBatch[];

  constructor(
    params: Record<string, unknown>,
    private readonly attempt: number,
    { values, items }: KeptValues = { values: [], items: [] },
  ) {
    this.#params = hashOfParams(params);
    this.#stored = [...values];
    this.#items = [...items];
  }

  /**
   * As `retry --from`: without what the stage or step, later stages and unknown stages left. Null:
   * everything.
   */
  before(from: string | null, stages: readonly string[]): KeptValues {
    if (from === null) return { values: this.#stored, items: this.#items };
    const kept = keptBefore(from, stages);
    const isKept = (each: StoredValue | StoredBatch) => stillCounts(each, kept);
    return { values: this.#stored.filter(isKept), items: this.#items.filter(isKept) };
  }

  load(place: ValuePlace): Stored | undefined {
    const stored = this.#stored.findLast((each) => isSamePlace(each, place));
    if (stored === undefined || stored.params !== this.#params) return undefined;
    return {
      value: stored.json === "" ? undefined : JSON.parse(stored.json),
      attempt: stored.attempt,
    };
  }

  /** Only a daemon takes that. */
  byHand(): undefined {
    return undefined;
  }

  keep({ stage, step, occurrence }: ValuePlace, json: string, value: unknown): StageValue {
    const kept = { occurrence, params: this.#params };
    this.#stored.push({ stage, step, ...kept, attempt: this.attempt, json });
    return json === "" ? kept : { ...kept, value };
  }

  items(owner: ItemsOwner): FinishedItems {
    const { stage, step, occurrence } = owner;
    const place = { stage, step, occurrence, params: this.#params };
    const isHere = (each: StoredBatch) => isSamePlace(each, owner);
    return {
      everyMs: 0,
      load: () => this.#items.filter((each) => isHere(each) && each.params === this.#params),
      append: (keys) => this.#items.push({ ...place, attempt: this.attempt, keys }),
      sync: () => {},
      close: () => {},
      discard: () => {
        this.#items = this.#items.filter((each) => !isHere(each));
      },
    };
  }
}
