/** The keys that detach, such as `ctrl-p,ctrl-q`: reads their names, and finds them in what is typed. */
import { UsageError } from "../../../protocol/failures.js";

/** The same keys as in docker. */
export const DETACH_KEYS = "ctrl-p,ctrl-q";

/** Longest pause between two keys that detach; after it, the keys go to the program. */
export const PAUSE_MS = 500;

const FORMS =
  "give ctrl- and a letter or one of @ [ \\ ] ^ _, or one character; separate several keys by commas";

/**
 * The bytes of the keys.
 *
 * @throws UsageError
 */
export function parseDetachKeys(text: string): Buffer {
  const bytes = text.split(",").map((name) => {
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(name) ?? [];
    if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x21-\x7e]$/.test(name)) return name.charCodeAt(0);
    throw new UsageError(`--detach-keys: '${name}' is not a key`, FORMS);
  });
  return Buffer.from(bytes);
}

/** `Ctrl-P Ctrl-Q` */
export function detachKeysText(keys: Buffer): string {
  return [...keys]
    .map((key) => (key < 0x20 ? `Ctrl-${String.fromCharCode(key + 0x40)}` : String.fromCharCode(key)))
    .join(" ");
}

/** Finds the keys that detach. Holds back the first of them until the next key. */
export class DetachKeys {
  #held = 0;

  constructor(private readonly keys: Buffer) {}

  /** What goes to the program, and whether the person detaches. */
  take(typed: Buffer): { input: Buffer; isDetached: boolean } {
    const all = Buffer.concat([this.release(), typed]);
    const place = all.indexOf(this.keys);
    if (place !== -1) return { input: all.subarray(0, place), isDetached: true };
    for (let length = Math.min(this.keys.length - 1, all.length); length > 0; length--) {
      if (!all.subarray(all.length - length).equals(this.keys.subarray(0, length))) continue;
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
    const pressed = this.keys.subarray(0, this.#held);
    this.#held = 0;
    return pressed;
  }
}
