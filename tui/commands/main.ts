/**
 * Entry of the `liveops` bin. A plain `submit` takes the quick way, since a submit in a script's loop must cost
 * little more than Node itself; everything else is a bundle of its own, so that not even its text is read here.
 */
import { createRequire } from "node:module";
import { submitQuickly } from "./submit/quick.js";
import { quickWords } from "./submit/quick-words.js";

async function main(words: string[]): Promise<void> {
  const quick = quickWords(words);
  if (quick) return submitQuickly(quick);
  const { runCommandLine } = createRequire(import.meta.url)(
    "./liveops-commands.cjs",
  ) as typeof import("./command-line.js");
  return runCommandLine(words);
}

void main(process.argv.slice(2));
