/** What `result`, `error` or `chainTo` said: the first wins, it takes effect when `run` returns. */
import { Failure } from "./failure.js";

export type Said =
  | { by: "result"; value: unknown }
  | { by: "error"; message: string }
  /** `at` keeps the call's stack: the parameters are only checked later. */
  | { by: "chainTo"; type: unknown; params: Record<string, unknown>; at: Error };

export class OutcomeSlot {
  said: Said | null = null;

  /** @throws Failure LIVEOPS_OUTCOME_SET */
  set(said: Said): void {
    this.refuseSecond(said.by);
    this.said = said;
  }

  /** Checked before anything else is: a second call is wrong whatever it says. */
  refuseSecond(by: Said["by"]): void {
    if (this.said === null) return;
    throw new Failure(
      "LIVEOPS_OUTCOME_SET",
      `p.${by} was called after p.${this.said.by}: an operation has one outcome; call one of result, error and chainTo, once`,
    );
  }
}
