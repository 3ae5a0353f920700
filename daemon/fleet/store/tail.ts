/**
 * Follows the journal of the fleet: applies each decision in the order of its number, its own and those of other hosts.
 *
 * A notification or `kick` makes it look at once. It also looks every `POLL_MS`, since a notification may be lost.
 */
import { setTimeout as delay } from "node:timers/promises";
import { EngineAwayError, LostWritesError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { DecisionRow } from "../engine/rows.js";

const POLL_MS = 500;

/** Decisions read at a time. */
const PIECE = 500;

interface TailOptions {
  engine: Pick<FleetEngine, "decisionsAfter">;
  /** Number of the last decision that was applied. */
  from: number;
  /** Applies a decision; called in order. */
  apply(row: DecisionRow): Promise<void> | void;
  /** Number of the last change of the settings. Called after each read. */
  onSettings(settings: number, types: number): void;
  /** The engine may have lost writes. The tail goes on when this resolves. */
  onLostWrites(): Promise<void>;
  onError(error: Error): void;
}

export class Tail {
  #applied: number;
  #isStopped = false;
  #wake: (() => void) | null = null;
  #isKicked = false;
  /** Callers that wait for a read that begins after their call. */
  #waiting: Array<{ resolve: () => void; reject: (error: Error) => void }> = [];
  readonly #until: Array<{ n: number; resolve: () => void }> = [];
  #running: Promise<void> | null = null;

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
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the tail is stopped"));
  }

  /** Continues after decision `n`: the state up to it was loaded anew. */
  reset(n: number): void {
    this.#applied = n;
    this.#settle();
  }

  /** There may be new decisions. */
  kick(): void {
    this.#isKicked = true;
    this.#wake?.();
  }

  /** Resolves when everything is applied that the engine has now. Rejects where the engine does not answer. */
  catchUp(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.kick();
    });
  }

  /** Resolves when decision `n` is applied. */
  until(n: number): Promise<void> {
    if (n <= this.#applied) return Promise.resolve();
    return new Promise((resolve) => {
      this.#until.push({ n, resolve });
      this.kick();
    });
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const waiting = this.#waiting.splice(0);
      this.#isKicked = false;
      try {
        await this.#read();
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        for (const { reject } of waiting) reject(error as Error);
        if (error instanceof LostWritesError) await this.options.onLostWrites();
        else {
          this.options.onError(error as Error);
          if (!this.#isStopped) await delay(error instanceof EngineAwayError ? POLL_MS / 2 : POLL_MS);
        }
        continue;
      }
      await this.#pause();
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const { rows, settings, types } = await this.options.engine.decisionsAfter(this.#applied, PIECE);
      for (const row of rows) {
        await this.options.apply(row);
        this.#applied = row.n;
      }
      this.#settle();
      this.options.onSettings(settings, types);
      if (rows.length < PIECE || this.#isStopped) return;
    }
  }

  #settle(): void {
    for (let index = this.#until.length - 1; index >= 0; index--)
      if (this.#until[index]!.n <= this.#applied) this.#until.splice(index, 1)[0]!.resolve();
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
