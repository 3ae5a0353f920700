/**
 * Entry of the `liveops` bin. A plain `submit`, `ls` or `run` takes the quick way, since one in a script's loop must cost
 * little more than Node itself; everything else is a bundle of its own, so that not even its text is read here.
 */
import { createRequire } from "node:module";
import { submitQuickly } from "./submit/quick.js";
import { quickWords } from "./submit/quick-words.js";

async function main(words: string[]): Promise<void> {
  const submit = quickWords(words);
  if (submit) return submitQuickly(submit);
  const require = createRequire(import.meta.url);
  if (words[0] === "ls") {
    const { listQuickly, quickList } = require("./liveops-ls.cjs") as typeof import("./ls/quick.js");
    const options = quickList(words);
    if (options) return listQuickly(options);
  }
  if (words[0] === "run") {
    const { quickRun, runQuickly } = require("./liveops-run.cjs") as typeof import("./run/quick.js");
    const run = quickRun(words);
    if (run) return runQuickly(run);
  }
  const { runCommandLine } = require("./liveops-commands.cjs") as typeof import("./command-line.js");
  return runCommandLine(words);
}

void main(process.argv.slice(2));
