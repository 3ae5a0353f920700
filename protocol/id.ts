/** Ids of operations, made with nanoid: 12 characters of 0-9a-z, the first a letter; safe in a path and a shell. */
import { customRandom } from "nanoid";

/** Random bytes per call to the system: one call costs more than making an id. */
const DRAWN = 2048;

let drawn = new Uint8Array(0);
let used = 0;

function random(size: number): Uint8Array {
  if (used + size > drawn.length) {
    drawn = crypto.getRandomValues(new Uint8Array(DRAWN));
    used = 0;
  }
  used += size;
  return drawn.subarray(used - size, used);
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const first = customRandom(LETTERS, 1, random);

export const ID_LENGTH = 12;
const rest = customRandom(`0123456789${LETTERS}`, ID_LENGTH - 1, random);

export function newId(): string {
  return first() + rest();
}

/** Matches an id or a prefix of an id. */
export const ID_PATTERN = /^[a-z][0-9a-z]{0,11}$/;

/** Fewest characters of a prefix that names an operation. */
export const MIN_PREFIX = 3;
