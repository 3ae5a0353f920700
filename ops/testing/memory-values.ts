/** Stage values in memory, for an attempt that resumes an earlier one. */
import type { StageValue } from "../../protocol/event.js";
import type { StageValues } from "../runner/sink.js";
import { hashOfParams } from "../runner/stage-values.js";

interface Stored {
  stage: string;
  occurrence: number;
  params: string;
  attempt: number;
  /** Empty: undefined. */
  json: string;
}

/** As in a worker, a value is valid only for the parameters that produced it, and is read back from JSON. */
export class MemoryStageValues implements StageValues {
  readonly #params: string;
  readonly #stored: Stored[];

  constructor(
    params: Record<string, unknown>,
    private readonly attempt: number,
    stored: readonly Stored[] = [],
  ) {
    this.#params = hashOfParams(params);
    this.#stored = [...stored];
  }

  /** The values for a later attempt. */
  get stored(): readonly Stored[] {
    return this.#stored;
  }

  /** As `retry --from`: without the values of the stage, of later stages and of unknown stages. */
  before(stage: string | null, stages: readonly string[]): Stored[] {
    if (stage === null) return [...this.#stored];
    const kept = stages.slice(0, Math.max(0, stages.indexOf(stage)));
    return this.#stored.filter((each) => kept.includes(each.stage));
  }

  load(stage: string, occurrence: number): { value: unknown; attempt: number } | undefined {
    const stored = this.#stored.findLast((each) => each.stage === stage && each.occurrence === occurrence);
    if (stored === undefined || stored.params !== this.#params) return undefined;
    return { value: stored.json === "" ? undefined : JSON.parse(stored.json), attempt: stored.attempt };
  }

  keep(stage: string, occurrence: number, json: string, value: unknown): StageValue {
    const kept = { occurrence, params: this.#params };
    this.#stored.push({ stage, ...kept, attempt: this.attempt, json });
    return json === "" ? kept : { ...kept, value };
  }
}
