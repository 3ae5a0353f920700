/** Where the command is typed. */
import { UsageError } from "../../protocol/command/failures.js";

/**
 * @param what it is typed for, as the word to type again
 * @throws UsageError where somebody removed it
 */
export function currentDirectory(what: "run" | "submit"): string {
  try {
    return process.cwd();
  } catch {
    throw new UsageError(`the current directory no longer exists; go to another one and ${what} again`);
  }
}
