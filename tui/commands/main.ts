/**
 * Entry of the `liveops` bin. A plain `submit` takes the quick way, since a submit in a script's loop must cost
 * little more than Node itself; everything else goes through commander, loaded then.
 */
import { quickWords } from "./submit/quick-words.js";

async function main(words: string[]): Promise<void> {
  const quick = quickWords(words);
  if (quick) await (await import("./submit/quick.js")).submitQuickly(quick);
  else await (await import("./command-line.js")).runCommandLine(words);
}

void main(process.argv.slice(2));
