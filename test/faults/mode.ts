/**
 * The size of a fault test or a law: short in `npm test` and `npm run test:all`, complete in `npm
 * run faults`.
 *
 * Every random choice comes from one seed. `npm test` has the same seed each time; `npm run
 * test:all` and `npm run faults` draw one and print it. LIVEOPS_FAULTS_SEED repeats a run with the
 * same seed.
 */

export const FULL = process.env.LIVEOPS_FAULTS === "full";

/** `npm test`, or vitest by hand. */
export const QUICK = !FULL && process.env.LIVEOPS_LAWS !== "all";

/** The count of the form that runs. */
export function counts(short: number, full: number): number {
  return FULL ? full : short;
}

/** How many cases of a law are tried: in `npm test` a fifth of them, five at least. */
export function cases(all: number, full = all): number {
  return QUICK ? Math.min(all, Math.max(5, Math.ceil(all / 5))) : counts(all, full);
}

/** All rows of a table in the complete form, the first ones in the short form. */
export function rows<T>(short: number, all: readonly T[]): readonly T[] {
  return FULL ? all : all.slice(0, short);
}

/** Time a test may take, in ms. */
export function patience(short: number, full = short): number {
  return FULL ? full : short;
}

export const SEED = Number(process.env.LIVEOPS_FAULTS_SEED ?? 1);

/** A stream of numbers from 0 up to 1 that the seed and the name decide (mulberry32). */
export class Dice {
  #state: number;

  constructor(name: string) {
    this.#state = SEED;
    for (const letter of name)
      this.#state = Math.imul(this.#state ^ letter.charCodeAt(0), 0x01000193);
    process.stdout.write(`${name}: seed ${SEED}\n`);
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Passes a random time: the moment of a fault, never a wait for something. */
  moment(lowMs: number, highMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.whole(lowMs, highMs)));
  }
}
