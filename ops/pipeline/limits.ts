/** Limits of a pipeline file. */

/** Bytes of a file. The text is kept with each operation, so the limit is that of a text that a person reads. */
export const MAX_BYTES = 64 * 1024;

/** Values in a file, with each alias counted as often as it is used. */
export const MAX_VALUES = 10_000;

/** Nesting of lists and maps. */
export const MAX_NESTING = 32;
