/** How the active stages of the running operations have moved, for the forecast. */
import { type Pace, paced } from "../../protocol/estimate/pace.js";
import type { Bus } from "../bus.js";

export class Paces {
  readonly #paces = new Map<string, Pace>();

  constructor(bus: Bus) {
    bus.on("record", ({ record }, before) => {
      const { id } = record;
      // Most records change in something else.
      if (record.percent === before.percent && record.currentStage === before.currentStage) return;
      const pace = paced(this.#paces.get(id), record);
      if (pace === undefined) this.#paces.delete(id);
      else this.#paces.set(id, pace);
    });
    bus.on("decided", (changes) => {
      for (const { id, after } of changes) if (after?.state !== "running") this.#paces.delete(id);
    });
  }

  of(id: string): Pace | undefined {
    return this.#paces.get(id);
  }
}
