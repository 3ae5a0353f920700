/** A reason to wait: why a queued operation does not start, and whether it waits outside its queue meanwhile. */
import type { Blocked, Operation } from "../../../protocol/operation.js";
import type { Entry } from "../../store/decision.js";

/** Why an operation waits, and what ends that, for `liveops why`. */
export interface Reason {
  /** A blocked reason; without `until`, the next command stands behind a `; `. */
  readonly what: string;
  /** What ends it: a command, or a fact. Default: as `what` tells. */
  readonly until?: string;
  /** When it ends. Default: it is not known. */
  readonly at?: string;
  /** It ends with all of these operations, or with the first of them. */
  readonly after?: { readonly ids: readonly string[]; readonly all: boolean };
}

export interface Hold {
  readonly name: string;
  /** The submit asked for the wait, so the wait is no delay and the forecast knows its end. Default: it did not. */
  readonly isPlanned?: boolean;
  /** The reason, for `blocked`; null: the operation may start, or another key of the record shows why not. */
  why(entry: Entry): Blocked | null;
  /** As `why`, also where another key of the record shows it. Default: `why`. */
  reason?(entry: Entry): Reason | null;
  /**
   * Whether the operation waits outside its queue, so that it takes no turn. Asked again after each change of the
   * operation. A hold that ends calls `Waiting.again`. Default: the operation keeps its turn.
   */
  holds?(entry: Entry): boolean;
  /** The operation is no longer queued. */
  forget?(record: Operation): void;
  stop?(): void;
}
