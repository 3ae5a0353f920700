/** Stage values in memory, for an attempt that resumes an earlier one. */
import type { StageValue } from "../../protocol/event.js";
import type { FinishedItems, StageValues, Stored } from "./sink.js";
import { hashOfParams, keptBefore, stillCounts } from "./stage-values.js";

interface StoredValue {
  stage: string;
  step: string | undefined;
  occurrence: number;
  params: string;
  attempt: number;
  /** Empty: undefined. */
  json: string;
}

/** Finished items of one batch. */
interface StoredBatch {
  stage: string | null;
  step: string | undefined;
  occurrence: number;
  params: string;
  attempt: number;
  keys: readonly string[];
}

/** What a run leaves for a later attempt. */
export interface KeptValues {
  values: readonly StoredValue[];
  items: readonly StoredBatch[];
}

/** As in a worker, a value is valid only for the parameters that produced it, and is read back from JSON. */
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

  /** As `retry --from`: without what the stage or step, later stages and unknown stages left. Null: everything. */
  before(from: string | null, stages: readonly string[]): KeptValues {
    if (from === null) return { values: this.#stored, items: this.#items };
    const kept = keptBefore(from, stages);
    const isKept = (each: StoredValue | StoredBatch) => stillCounts(each, kept);
    return { values: this.#stored.filter(isKept), items: this.#items.filter(isKept) };
  }

  load(stage: string, occurrence: number, step?: string): Stored | undefined {
    const stored = this.#stored.findLast(
      (each) => each.stage === stage && each.occurrence === occurrence && each.step === step,
    );
    if (stored === undefined || stored.params !== this.#params) return undefined;
    return { value: stored.json === "" ? undefined : JSON.parse(stored.json), attempt: stored.attempt };
  }

  /** Only a daemon takes that. */
  byHand(): undefined {
    return undefined;
  }

  keep(stage: string, occurrence: number, json: string, value: unknown, step?: string): StageValue {
    const kept = { occurrence, params: this.#params };
    this.#stored.push({ stage, step, ...kept, attempt: this.attempt, json });
    return json === "" ? kept : { ...kept, value };
  }

  items(stage: string | null, occurrence: number, step?: string): FinishedItems {
    const place = { stage, step, occurrence, params: this.#params };
    const isHere = (each: StoredBatch) =>
      each.stage === stage && each.occurrence === occurrence && each.step === step;
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
