/** Where the run files of operations are: on this machine, or on other hosts of a fleet as well. */

export interface Runs {
  /**
   * Resolves when the run files of the operations are here, as new as they are known. Files that cannot be brought now
   * stay as they are: readers get the part that is here.
   */
  bring(ids: readonly string[]): Promise<void>;
}

/** All run files are on this machine. */
export const LOCAL_RUNS: Runs = { bring: async () => {} };
