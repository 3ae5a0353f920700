/**
 * Formats file names and sizes for log lines, and defines errors without a stack. A name always
 * stays on one line.
 */

/** The path; quoted and with escapes if it contains control characters. */
export function shown(path: string): string {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path)
    ? JSON.stringify(path).replace(
        /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )
    : path;
}

/** `3.4 MiB`, in powers of 1024 as the progress bar shows them. */
export function bytesShown(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** `1 file`, `2 files`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/**
 * An expected failure of the shipped operations, not a bug: its message is enough, so it has no
 * stack.
 */
export class PlainError extends Error {
  override name = "PlainError";

  constructor(message: string) {
    super(message);
    delete this.stack;
  }
}
