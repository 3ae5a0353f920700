/**
 * Ids of operations, made with nanoid: 12 characters of 0-9a-z, the first a letter; safe in a path
 * and a shell.
 */
import { customAlphabet } from "nanoid";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const first = customAlphabet(LETTERS, 1);

export const ID_LENGTH = 12;
const rest = customAlphabet(`0123456789${LETTERS}`, ID_LENGTH - 1);

export function newId(): string {
  return first() + rest();
}

/** Matches an id or a prefix of an id. */
export const ID_PATTERN = /^[a-z][0-9a-z]{0,11}$/;

/** Fewest characters of a prefix that names an operation. */
export const MIN_PREFIX = 3;
