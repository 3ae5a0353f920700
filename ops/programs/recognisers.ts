/** The door of what reads progress from the output of programs. A feature adds a line. */
import { RECOGNISERS } from "../features/recognisers/index.js";
import type { RecogniserEntry } from "./progress/reading.js";

export const PROGRAM_RECOGNISERS: readonly RecogniserEntry[] = [
  // An entry is asked before those after it.
  ...RECOGNISERS,
];
