/** The quick way of `run`, for the command and for the process it starts: without commander. */
import { startCommand } from "../../../protocol/command/looked-for.js";
import { GLOBAL, quickOptions } from "../../../protocol/command/quick-options.js";
import { endQuietlyOnClosedPipe } from "../../../protocol/command/quiet-end.js";
import { report } from "../../../protocol/command/report.js";
import { type RunWords, runWords } from "./words.js";

const WITH_VALUE = { ...GLOBAL, "--label": "label", "--params": "params" };
const LISTS = { "--ops": "ops" };
const FLAGS = { "--json": "json" };

/** Null: commander reads it. */
export function quickRun([command, ...words]: string[]): RunWords | null {
  if (command !== "run") return null;
  const read = quickOptions(words, { withValue: WITH_VALUE, flags: FLAGS, lists: LISTS });
  const [op, ...set] = read?.plain ?? [];
  if (!read || op === undefined || op === "") return null;
  return { op, set, trailing: read.trailing, options: read.options };
}

export async function runQuickly(words: RunWords): Promise<void> {
  try {
    await runWords(words);
  } catch (error) {
    endQuietlyOnClosedPipe();
    process.exitCode = report(error, {
      program: "liveops",
      startCommand: startCommand(words.options),
      options: words.options,
    });
  }
}
