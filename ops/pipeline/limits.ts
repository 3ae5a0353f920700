/** Limits of a pipeline file, and of the values that reach its commands as environment variables. */

/** Bytes of a file. The text is kept with each operation, so the limit is that of a text that a person reads. */
export const MAX_BYTES = 64 * 1024;

/** Values in a file, with each alias counted as often as it is used. */
export const MAX_VALUES = 10_000;

/** Nesting of lists and maps. */
export const MAX_NESTING = 32;

/** Bytes of one value. Linux passes at most 128 KiB of a variable: its name, the value and a null character. */
const MAX_VARIABLE_BYTES = 120 * 1024;

/** Bytes of all parameters. Linux passes 2 MiB of arguments and environment with the usual limit of the stack. */
const MAX_PARAMS_BYTES = 1024 * 1024;

/** Why a text cannot be the value of an environment variable; null: it can. */
export function whyNotVariable(text: string): string | null {
  if (text.includes("\0")) return "contains a null character, which no environment variable can hold";
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_VARIABLE_BYTES) return null;
  return `has ${bytes} bytes, more than the ${MAX_VARIABLE_BYTES} that reach a command: write it to a file and give its path`;
}

/** Why parameters of this size cannot reach a command together; null: they can. */
export function whyTooMuch(bytes: number): string | null {
  if (bytes <= MAX_PARAMS_BYTES) return null;
  return `the parameters have ${bytes} bytes, more than the ${MAX_PARAMS_BYTES} that reach a command together: write a long one to a file and give its path`;
}
