/** Reads a plain `submit`, without --wait and --follow. */
import { GLOBAL, quickOptions } from "../../../protocol/command/quick-options.js";
import type { SubmitWords } from "./words.js";

const WITH_VALUE = { ...GLOBAL, "--label": "label", "--params": "params" };
const FLAGS = { "--json": "json" };

export function quickWords([command, ...words]: string[]): SubmitWords | null {
  if (command !== "submit") return null;
  const read = quickOptions(words, { withValue: WITH_VALUE, flags: FLAGS });
  const [op, ...set] = read?.plain ?? [];
  if (!read || op === undefined || op === "") return null;
  return { op, set, trailing: read.trailing, options: read.options };
}
