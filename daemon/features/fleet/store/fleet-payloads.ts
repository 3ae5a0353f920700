/** Large parameters and results of a fleet: the engine keeps them, and the files of this machine are copies. */
import type { Submission } from "../../../../protocol/event.js";
import type { Omitted, Operation } from "../../../../protocol/operation.js";
import { type PayloadKind, Payloads } from "../../../store/payloads.js";
import type { FleetEngine } from "../engine/fleet-engine.js";

export class FleetPayloads extends Payloads {
  readonly #engine: Pick<FleetEngine, "putPayload" | "payload">;

  constructor(
    dir: string,
    onError: (error: Error) => void,
    engine: Pick<FleetEngine, "putPayload" | "payload">,
  ) {
    super(dir, onError);
    this.#engine = engine;
  }

  override async keepParams<S extends { operation: Submission }>(submits: readonly S[]): Promise<S[]> {
    const kept = await super.keepParams(submits);
    for (const [index, { operation }] of kept.entries())
      if (operation.omitted) await this.#put(operation.id, "params", submits[index]!.operation.params);
    return kept;
  }

  override async keepResult(id: string, result: unknown): Promise<Omitted | null> {
    const kept = await super.keepResult(id, result);
    if (kept) await this.#put(id, "result", result);
    return kept;
  }

  /** Fetches the large values of an operation that are not here. A value that the engine does not have stays omitted. */
  async bring({ id, omitted }: Operation): Promise<void> {
    for (const kind of Object.keys(omitted ?? {}) as PayloadKind[]) {
      if (this.has(id, kind)) continue;
      const text = await this.#engine.payload(id, kind);
      if (text !== null) await this.keepCopy(id, kind, JSON.parse(text));
    }
  }

  #put(id: string, kind: PayloadKind, value: unknown): Promise<void> {
    return this.#engine.putPayload(id, kind, JSON.stringify(value));
  }
}
