/** Marks a success whose numbers are far outside of those of earlier runs. */
import type { MakeFeature } from "../../compose.js";
import { oddOutcome } from "./fail-if-odd.js";
import { OddNumbers } from "./odd-numbers.js";

export const odd: MakeFeature = ({ store, bus }) => {
  const numbers = new OddNumbers(store.archive, bus);
  return {
    judge: {
      oddOf: (entry, result) => numbers.of(entry, result),
      outcomeOf: oddOutcome,
    },
  };
};
