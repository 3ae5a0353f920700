/** Reads the text of the config file. */
import { UsageError } from "../failures.js";
import { IrregularFileError, readRegularFile } from "./own-file.js";
import { pathProblem } from "./owned-path.js";

/** Most bytes of a config file. */
const MOST_BYTES = 1024 * 1024;

/**
 * The text of the file; null where it is missing.
 *
 * @param hint the next step where the file cannot be read
 * @throws UsageError if it cannot be read, or if another user could have written it
 */
export function readConfigText(file: string, hint?: string): string | null {
  let text: string;
  try {
    text = readRegularFile(file, MOST_BYTES).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    const why =
      error instanceof IrregularFileError ? message : `${file} cannot be read: ${message}`;
    throw new UsageError(`the config file ${why}`, hint);
  }
  // Checked because the file names directories whose code is executed.
  const problem = pathProblem(file);
  if (problem !== null) throw new UsageError(`the config file is not used: ${problem}`);
  return text;
}
