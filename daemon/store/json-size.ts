/** The size of a value as JSON, without making the text: a look at every submit must cost next to nothing. */

/** Whether the value's JSON takes more than so many bytes, about: stops counting there. */
export function isLargerThan(value: unknown, bytes: number): boolean {
  return measure(value, bytes) > bytes;
}

/** Bytes of the value's JSON, about: characters that JSON escapes are counted once. */
export function jsonSize(value: unknown): number {
  return measure(value, Number.POSITIVE_INFINITY);
}

/** Counts at least up to `limit`, and not far beyond it. */
function measure(value: unknown, limit: number): number {
  if (typeof value === "string")
    // At least a byte and at most three for each UTF-16 unit: counted only where that decides.
    return value.length > limit ? value.length : Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 5;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      size += 1 + measure(item, limit - size);
      if (size > limit) return size;
    }
    return size;
  }
  for (const name in value) {
    size += name.length + 4 + measure((value as Record<string, unknown>)[name], limit - size);
    if (size > limit) return size;
  }
  return size;
}
