/**
 * Operations that ask a person. They wait outside their queues, without a worker or a slot, until
 * somebody answers.
 */
import { APPROVAL, answerCommand, waitsForApproval } from "../../../protocol/approval.js";
import type { Blocked, Operation } from "../../../protocol/operation.js";
import type { Lifecycle } from "../../lifecycle.js";
import type { Log } from "../../log/log.js";
import type { Entry } from "../../store/decision.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import { Hold, type Reason } from "./hold.js";

/**
 * Longest timer in ms. Afterwards the wall clock is read again: somebody may have set it, or the
 * machine slept.
 */
const LONGEST_TIMER_MS = 20_000;

interface ApprovalsOptions {
  lifecycle: Pick<Lifecycle, "answer">;
  log: Log;
  /** The clock of the store, in ms since 1970. */
  now(): number;
}

export class Approvals extends Hold {
  /** The end of the time for an answer, by id. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #isStopped = false;

  constructor(private readonly options: ApprovalsOptions) {
    super();
  }

  why({ record }: Entry): Blocked | null {
    const open = waitsForApproval(record);
    return open && { reason: APPROVAL, since: open.since };
  }

  override reason({ record }: Entry): Reason | null {
    const open = waitsForApproval(record);
    if (open === null) return null;
    const what = `it waits for approval: ${open.question}`;
    return { what, until: answerCommand(record.id, open), at: open.until ?? undefined };
  }

  override holds({ record }: Entry): boolean {
    this.forget(record);
    const open = waitsForApproval(record);
    if (open?.until) this.#arm(record.id, open.until);
    return open !== null;
  }

  override forget({ id }: Pick<Operation, "id">): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  override stop(): void {
    this.#isStopped = true;
    for (const id of [...this.#timers.keys()]) this.forget({ id });
  }

  #arm(id: string, until: string, least = 0): void {
    if (this.#isStopped) return;
    const ms = Math.max(least, Math.min(Date.parse(until) - this.options.now(), LONGEST_TIMER_MS));
    this.#timers.set(
      id,
      setTimeout(() => void this.#look(id, until), ms),
    );
  }

  async #look(id: string, until: string): Promise<void> {
    const { lifecycle, log, now } = this.options;
    if (Date.parse(until) > now()) return this.#arm(id, until);
    this.#timers.delete(id);
    try {
      await lifecycle.answer(id, null, (open) =>
        open?.until === until ? open.default : undefined,
      );
    } catch (error) {
      if (!(error instanceof NotRecordedError))
        log.error({ err: error, id }, "the end of the time for an answer could not be recorded");
      // The disk is full, or the engine does not answer.
      this.#arm(id, until, LONGEST_TIMER_MS);
    }
  }
}
