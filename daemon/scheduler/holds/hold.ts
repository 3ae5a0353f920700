/** A reason to wait: why a queued operation does not start, and whether it waits outside its queue meanwhile. */
import type { Blocked, Operation } from "../../../protocol/operation.js";
import type { Entry } from "../../store/decision.js";

export interface Hold {
  readonly name: string;
  /** The submit asked for the wait, so the wait is no delay and the forecast knows its end. Default: it did not. */
  readonly isPlanned?: boolean;
  /** The reason, for `blocked`; null: the operation may start, or another key of the record shows why not. */
  why(entry: Entry): Blocked | null;
  /**
   * Whether the operation waits outside its queue, so that it takes no turn. Asked again after each change of the
   * operation. A hold that ends calls `Waiting.again`. Default: the operation keeps its turn.
   */
  holds?(entry: Entry): boolean;
  /** The operation is no longer queued. */
  forget?(record: Operation): void;
  stop?(): void;
}
