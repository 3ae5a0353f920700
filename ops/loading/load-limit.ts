/** The limit for the top level of an operation file. Apart from `load-files.ts`, which the daemon does not import. */

/** Longest time for the top level of a file, in seconds. */
export const LOAD_SECONDS = 10;

/** The load error of a file whose top level takes longer. */
export function loadsTooLong(seconds = LOAD_SECONDS): string {
  return `its top level did not finish within ${seconds} s`;
}
