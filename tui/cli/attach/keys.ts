/** The keys that detach, as in docker: finds them in what is typed. */

/** Ctrl-P Ctrl-Q */
export const DETACH_KEYS = Buffer.from([0x10, 0x11]);

/** Longest pause between two keys that detach; after it, the keys go to the program. */
export const PAUSE_MS = 500;

/** Finds the keys that detach. Holds back the first of them until the next key. */
export class DetachKeys {
  #held = 0;

  /** What goes to the program, and whether the person detaches. */
  take(typed: Buffer): { input: Buffer; isDetached: boolean } {
    const all = Buffer.concat([this.release(), typed]);
    const place = all.indexOf(DETACH_KEYS);
    if (place !== -1) return { input: all.subarray(0, place), isDetached: true };
    for (let length = Math.min(DETACH_KEYS.length - 1, all.length); length > 0; length--) {
      if (!all.subarray(all.length - length).equals(DETACH_KEYS.subarray(0, length))) continue;
      this.#held = length;
      return { input: all.subarray(0, all.length - length), isDetached: false };
    }
    return { input: all, isDetached: false };
  }

  get isHolding(): boolean {
    return this.#held > 0;
  }

  /** The keys that were held back: no further key came. */
  release(): Buffer {
    const pressed = DETACH_KEYS.subarray(0, this.#held);
    this.#held = 0;
    return pressed;
  }
}
