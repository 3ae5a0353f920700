/**
 * Approximate bytes of the value's JSON, without building the text: characters that JSON escapes
 * are counted once.
 *
 * @param limit - counts at least to the limit, and not far beyond. Default: to the end
 */
export function jsonSize(value: unknown, limit = Number.POSITIVE_INFINITY): number {
  if (typeof value === "string")
    // A UTF-16 unit takes one to three bytes: they are counted only where the length alone does not
    // decide.
    return value.length > limit ? value.length : Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 5;
  let size = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      size += 1 + jsonSize(item, limit - size);
      if (size > limit) return size;
    }
    return size;
  }
  for (const name in value) {
    size += name.length + 4 + jsonSize((value as Record<string, unknown>)[name], limit - size);
    if (size > limit) return size;
  }
  return size;
}
