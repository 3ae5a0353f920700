/**
 * Looks for new pieces of running attempts: at once after a hint, every 20 ms while lines come, and
 * less and less often down to every 500 ms. One look at a time.
 */
import type { WantedRun } from "./pieces.js";

export interface Look {
  /** There were new lines. */
  isGrown: boolean;
  /** The answer was cut after `last`: there is more of it and of the attempts after it. */
  more: boolean;
  last: WantedRun | null;
}

interface FollowOptions {
  fetch(wanted: WantedRun[]): Promise<Look>;
  /** A look failed. Called once until a look succeeds. */
  onProblem(error: Error): void;
}

/** Shortest time in ms between the beginnings of two looks that are due to hints. */
const LEAST_MS = 10;
/** Time in ms until the next look without a hint: after new lines, and the longest. */
const NEXT_MS = 20;
const LONGEST_MS = 500;

export class Follow {
  #loop: Promise<void> | null = null;
  #isStopped = false;
  #isHinted = false;
  #wake: () => void = () => {};

  constructor(private readonly options: FollowOptions) {}

  /** @param running - the attempts to look for, asked before each look */
  start(running: () => Iterable<WantedRun>): void {
    this.#loop ??= this.#run(running);
  }

  /** There may be new pieces. */
  hint(): void {
    this.#isHinted = true;
    this.#wake();
  }

  /** Ends after the look that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#loop;
  }

  async #run(running: () => Iterable<WantedRun>): Promise<void> {
    let wait = 0;
    let after: WantedRun | null = null;
    let failure: string | null = null;
    let begun = performance.now();
    while (!this.#isStopped) {
      await this.#rest(begun, wait);
      this.#isHinted = false;
      begun = performance.now();
      const all = [...running()].sort(byPlace);
      if (all.length === 0 || this.#isStopped) {
        wait = LONGEST_MS;
        continue;
      }
      // After a cut answer the attempts that it did not reach: one that floods its log does not
      // delay the others.
      const rest = all.filter((each) => after !== null && byPlace(each, after) > 0);
      const wanted = rest.length > 0 ? rest : all;
      try {
        const look: Look = await this.options.fetch(wanted);
        after = look.more ? look.last : null;
        const isNow = (look.more && look.isGrown) || wanted !== all;
        wait = look.isGrown ? NEXT_MS : Math.min(LONGEST_MS, Math.max(NEXT_MS, wait * 2));
        if (isNow) wait = 0;
        failure = null;
      } catch (error) {
        const { message } = error as Error;
        if (message !== failure) this.options.onProblem(error as Error);
        failure = message;
        after = null;
        wait = LONGEST_MS;
      }
    }
  }

  /** Until the time is over, or until a hint. */
  async #rest(begun: number, wait: number): Promise<void> {
    const passed = performance.now() - begun;
    if (!this.#isHinted && wait > passed) await this.#sleep(wait - passed, true);
    const early = LEAST_MS - (performance.now() - begun);
    if (wait > 0 && early > 0 && !this.#isStopped) await this.#sleep(early, false);
    // Other work of the daemon comes between two looks.
    else await new Promise((resolve) => setImmediate(resolve));
  }

  #sleep(ms: number, endsWithHint: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!endsWithHint && !this.#isStopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function byPlace(a: WantedRun, b: WantedRun): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.attempt - b.attempt;
}
