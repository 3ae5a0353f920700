/** Errors of a store that cannot record a decision now. Nothing has changed, and a later try may succeed. */
import { Refusal, type RefusalCode } from "../../protocol/errors.js";

export abstract class NotRecordedError extends Error {
  abstract readonly code: RefusalCode;
  /** For the client of a request: what failed, and what to do. */
  abstract readonly advice: string;

  toRefusal(): Refusal {
    return new Refusal(this.code, `nothing was recorded: ${this.advice}`);
  }
}

/** The disk is full. */
export class StoreFullError extends NotRecordedError {
  override name = "StoreFullError";
  readonly code = "LIVEOPS_STORE_FULL";
  readonly advice = "the state directory's disk is full; free some disk space, then try again";
}
