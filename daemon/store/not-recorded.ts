/** Errors of a store that cannot record a decision now. A later try may succeed. */
import { Refusal, type RefusalCode } from "../../protocol/errors.js";

export abstract class NotRecordedError extends Error {
  abstract readonly code: RefusalCode;
  /** For the client of a request: what failed, and what to do. */
  abstract readonly advice: string;
  /** The decision was sent, and no answer came. */
  readonly mayBeRecorded: boolean = false;

  toRefusal(): Refusal {
    const what = this.mayBeRecorded
      ? "it is not known whether the change was recorded; look with liveops ls before you repeat it"
      : "nothing was recorded";
    return new Refusal(this.code, `${what}: ${this.advice}`);
  }
}

/** The disk is full. */
export class StoreFullError extends NotRecordedError {
  override name = "StoreFullError";
  readonly code = "LIVEOPS_STORE_FULL";
  readonly advice = "the state directory's disk is full; free some disk space, then try again";
}
