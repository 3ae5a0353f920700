/** A law has one seed and a fifth of its cases in `npm test`. */
import fc from "fast-check";
import { cases, SEED } from "../faults/mode.js";

fc.configureGlobal({ seed: SEED, numRuns: cases(100) });
