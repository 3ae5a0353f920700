/** Ids of operations: nanoid's alphabet API, 12 of 0-9a-z, the first a letter, safe in a path and a shell. */
import { customAlphabet } from "nanoid";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const first = customAlphabet(LETTERS, 1);
const rest = customAlphabet(`0123456789${LETTERS}`, 11);

export function newId(): string {
  return first() + rest();
}

/** What an id, or a prefix of one, looks like. */
export const ID_PATTERN = /^[a-z][0-9a-z]{0,11}$/;

/** Shortest prefix by which an operation may be named. */
export const MIN_PREFIX = 3;
