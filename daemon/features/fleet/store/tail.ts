/**
 * Follows the journal of the fleet: applies each decision in the order of its number, its own and
 * those of other hosts.
 *
 * Each exchange with the engine brings decisions. A notification or `kick` makes the tail read them
 * itself. It also reads every `POLL_MS`, since a notification may be lost.
 */
import { setTimeout as delay } from "node:timers/promises";
import { NotRecordedError } from "../../../store/not-recorded.js";
import { EngineAwayError, LostWritesError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { DecisionRow, Head, News } from "../engine/rows.js";

const POLL_MS = 500;

/** Decisions read at a time. */
const PIECE = 500;

interface TailOptions {
  engine: Pick<FleetEngine, "decisionsAfter">;
  /** Number of the last decision that was applied. */
  from: number;
  /**
   * Applies a decision; called in order. Where it rejects, the decision is not applied, and the
   * tail tries it again.
   */
  apply(row: DecisionRow): Promise<void> | void;
  /** Called after each read. */
  onHead(head: Head): void;
  /** The engine may have lost writes. The tail goes on when this is over. */
  onLostWrites(): Promise<void>;
  /**
   * Whether that is under way: what the engine answers then follows on a state that is not loaded
   * yet.
   */
  isReloading(): boolean;
  onError(error: Error): void;
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

export class Tail {
  #applied: number;
  #isStopped = false;
  #wake: (() => void) | null = null;
  #isKicked = false;
  /** Callers that wait for a read that begins after their call. */
  #waiting: Waiter[] = [];
  #until: Array<Waiter & { n: number }> = [];
  /** Number of the last decision that an exchange has brought. */
  #brought = 0;
  /** Exchanges that are under way. */
  #exchanges = 0;
  /** Number of the newest decision of which a hint told. */
  #heard = 0;
  /** How often the state was loaded anew. */
  #loads = 0;
  #running: Promise<void> | null = null;
  /** Reads and resets come one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: TailOptions) {
    this.#applied = options.from;
  }

  /** Number of the last decision that was applied. */
  get applied(): number {
    return this.#applied;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    await this.#running;
    for (const { reject } of this.#waiting.splice(0)) reject(new StoppedError(false));
    for (const { reject } of this.#until.splice(0)) reject(new StoppedError(true));
  }

  /**
   * Loads the state anew, while no decision is applied. Who waits for a decision by then gets
   * LostWritesError: the engine may have lost it.
   *
   * @param load returns the number of the last decision that the loaded state has
   */
  reset(load: () => Promise<number>): Promise<void> {
    return this.#next(async () => {
      const until = [...this.#until];
      this.#applied = await load();
      this.#loads++;
      [this.#brought, this.#heard] = [0, 0];
      this.#until = this.#until.filter((waiter) => !until.includes(waiter));
      for (const { reject } of until)
        reject(new LostWritesError("the engine may have lost the decision", true));
      this.#settle();
    });
  }

  /**
   * Makes a call of the engine that also brings the decisions after the last applied one, and
   * applies them.
   *
   * @param call gets the number of the last applied decision
   */
  async exchange<Answer extends News>(call: (after: number) => Promise<Answer>): Promise<Answer> {
    const loads = this.#loads;
    this.#exchanges++;
    try {
      const answer = await call(this.#applied);
      if (loads === this.#loads) void this.#take(answer);
      return answer;
    } finally {
      this.#exchanges--;
      if (this.#exchanges === 0 && this.#heard > Math.max(this.#applied, this.#brought))
        this.kick();
    }
  }

  async #take({ rows, ...head }: News): Promise<void> {
    const loads = this.#loads;
    this.#brought = Math.max(this.#brought, rows.at(-1)?.n ?? 0);
    // An answer has so many decisions at most.
    this.#heard = Math.max(this.#heard, head.head);
    try {
      await this.#next(async () => {
        if (!this.#isStopped && loads === this.#loads) await this.#applyAll(rows, head);
      });
    } catch {
      // The tail meets the same error, and handles it.
      this.#brought = 0;
      this.kick();
    }
  }

  /** The engine has recorded decision `n`. */
  hear(n: number): void {
    this.#heard = Math.max(this.#heard, n);
    if (this.#exchanges === 0 && n > this.#applied && n > this.#brought) this.kick();
  }

  /** There may be new decisions. */
  kick(): void {
    this.#isKicked = true;
    this.#wake?.();
  }

  /**
   * Resolves when everything is applied that the engine has now. Rejects where the engine does not
   * answer.
   */
  catchUp(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) reject(new StoppedError(false));
      else this.#waiting.push({ resolve, reject });
      this.kick();
    });
  }

  /** Resolves when decision `n` is applied. Rejects where it may never be. */
  until(n: number): Promise<void> {
    if (n <= this.#applied) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#isStopped) reject(new StoppedError(true));
      else this.#until.push({ n, resolve, reject });
      if (n > this.#brought) this.kick();
    });
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const waiting = this.#waiting.splice(0);
      this.#isKicked = false;
      try {
        await this.#next(() => this.#read());
        for (const { resolve } of waiting) resolve();
        await this.#pause();
      } catch (error) {
        for (const { reject } of waiting) reject(error as Error);
        await this.#failed(error as Error);
      }
    }
  }

  async #failed(error: Error): Promise<void> {
    try {
      if (error instanceof LostWritesError) return await this.options.onLostWrites();
      this.options.onError(error);
    } catch (again) {
      this.options.onError(again as Error);
    }
    if (!this.#isStopped) await delay(error instanceof EngineAwayError ? POLL_MS / 2 : POLL_MS);
  }

  async #read(): Promise<void> {
    for (;;) {
      const { rows, ...head } = await this.options.engine.decisionsAfter(this.#applied, PIECE);
      await this.#applyAll(rows, head);
      if (rows.length < PIECE || this.#isStopped) return;
    }
  }

  async #applyAll(rows: readonly DecisionRow[], head: Head): Promise<void> {
    try {
      for (const row of rows) {
        if (row.n <= this.#applied) continue;
        if (this.options.isReloading()) throw new LostWritesError("the state is loaded anew");
        await this.options.apply(row);
        this.#applied = row.n;
      }
    } finally {
      this.#settle();
    }
    this.options.onHead(head);
  }

  #settle(): void {
    const until = this.#until;
    this.#until = until.filter(({ n }) => n > this.#applied);
    for (const { n, resolve } of until) if (n <= this.#applied) resolve();
  }

  /** After the call before this one, whatever became of it. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  #pause(): Promise<void> {
    if (this.#isKicked || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}

class StoppedError extends NotRecordedError {
  override name = "StoppedError";
  readonly code = "LIVEOPS_STOPPING";
  readonly advice = "the daemon is stopping; start it, and look again";

  constructor(override readonly mayBeRecorded: boolean) {
    super("the daemon is stopping");
  }
}
