/** A start that failed over its places: what the system says, in words, and the exit code. */
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

/** Null where it is a fault of ours. */
export function placeFault(error: unknown): { message: string; code: ExitCode } | null {
  if (isDiskFull(error)) {
    const message =
      "there is no room to start: the state directory's disk is full; make room, then start again";
    return { message, code: EXIT.refused };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !OF_PLACES.has(code)) return null;
  return { message: `${message}; give it another place with --state-dir or --socket`, code: EXIT.usage };
}
