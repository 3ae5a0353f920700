/** The message and exit code of a start that failed because of its state directory or socket. */
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import { isDiskFull } from "../store/durable-file.js";

const OF_PLACES = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ELOOP",
  "LIVEOPS_IRREGULAR_FILE",
  "ENAMETOOLONG",
]);

/** Null if the error is a bug in liveops. */
export function placeFault(error: unknown): { message: string; code: ExitCode } | null {
  if (isDiskFull(error)) {
    const message =
      "cannot start: the state directory's disk is full; free some disk space, then start again";
    return { message, code: EXIT.refused };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !OF_PLACES.has(code)) return null;
  return { message: `${message}; choose another path with --state-dir or --socket`, code: EXIT.usage };
}
