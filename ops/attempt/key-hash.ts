/**
 * Hashes of item keys: 64 bits, as two unsigned numbers of 32. Only hashes are stored, so a key may be long, and a
 * secret in a key is in no file.
 *
 * The two lanes are those of cyrb53 with all their bits. A cryptographic hash takes ten times as long, and nothing is
 * gained: `KeySet` counts keys, so two keys with one hash are two items.
 */

/** The hash of the last call of `hashKey`: an object for each key would cost more than the hash. */
export const hashed = { high: 0, low: 0 };

/** Hashes the text after what `high` and `low` stand for; the hash is in `hashed`. */
export function hashKey(text: string, high: number, low: number): void {
  let a = 0xdeadbeef ^ high;
  let b = 0x41c6ce57 ^ low;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  const mixedA = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  const mixedB = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(mixedA ^ (mixedA >>> 13), 3266489909);
  hashed.high = mixedB >>> 0;
  hashed.low = mixedA >>> 0;
}
