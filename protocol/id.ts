/** Ids of operations: nanoid's alphabet API, 12 of 0-9a-z, the first a letter, safe in a path and a shell. */
import { customRandom } from "nanoid";

/** Bytes of randomness drawn from the system at a time: a draw costs more than what is made of it. */
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
const rest = customRandom(`0123456789${LETTERS}`, 11, random);

export function newId(): string {
  return first() + rest();
}

/** What an id, or a prefix of one, looks like. */
export const ID_PATTERN = /^[a-z][0-9a-z]{0,11}$/;

/** Shortest prefix by which an operation may be named. */
export const MIN_PREFIX = 3;
