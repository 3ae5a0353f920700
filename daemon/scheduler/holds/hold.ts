/**
 * A reason to wait: why a queued operation does not start, and whether it waits outside its queue
 * meanwhile.
 */
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

/** The defaults are those of most holds. */
export abstract class Hold {
  /** The submit asked for the wait, so the wait is no delay and the forecast knows its end. */
  readonly isPlanned: boolean = false;

  /**
   * The reason, for `blocked`; null: the operation may start, or another key of the record shows
   * why not.
   */
  abstract why(entry: Entry): Blocked | null;

  /** As `why`, also where another key of the record shows it. */
  reason(entry: Entry): Reason | null {
    const blocked = this.why(entry);
    return blocked && { what: blocked.reason };
  }

  /**
   * Whether the operation waits outside its queue, so that it takes no turn. Asked again after each
   * change of the operation. A hold that ends calls `Waiting.again`.
   */
  holds(_entry: Entry): boolean {
    return false;
  }

  /** The operation is no longer queued. */
  forget(_record: Operation): void {}

  stop(): void {}
}

/** A hold made of functions of another part of the daemon. */
export class HoldOf extends Hold {
  constructor(
    override readonly why: (entry: Entry) => Blocked | null,
    override readonly holds: (entry: Entry) => boolean = () => false,
  ) {
    super();
  }
}
