/** Entry of the `liveopsd` bin. A plain `start` takes the quick way; everything else is a bundle of its own. */
import { createRequire } from "node:module";
import { endQuietlyOnClosedPipe } from "../../protocol/command/quiet-end.js";
import { quickStart, startQuickly } from "./quick-start.js";

// node:sqlite, which holds our locks, still announces itself as experimental.
process.removeAllListeners("warning");

async function main(words: string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  const options = quickStart(words);
  if (options) return startQuickly(options);
  const { runCommandLine } = createRequire(import.meta.url)(
    "./liveopsd-commands.cjs",
  ) as typeof import("./command-line.js");
  return runCommandLine(words);
}

void main(process.argv.slice(2));
