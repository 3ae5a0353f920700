/** The message and exit code of a start that failed because of its state directory, its socket or its fleet. */

import { isDiskFull } from "../../../daemon/store/durable-file.js";
import { EXIT, type ExitCode } from "../../../protocol/exit-codes.js";

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

/** Errors of a fleet that another try does not mend: its address, its roles, its format, the name of this host. */
const OF_FLEET = new Set([
  "EngineRefusedError",
  "HostNameTakenError",
  "NewerFormatError",
  "RoleError",
  "UsageError",
]);

/** Null if the error is a bug in liveops. */
export function placeFault(error: unknown): { message: string; code: ExitCode } | null {
  if (isDiskFull(error)) {
    const message =
      "cannot start: the state directory's disk is full; free some disk space, then start again";
    return { message, code: EXIT.refused };
  }
  const { code, message, name, hint } = error as NodeJS.ErrnoException & { hint?: string };
  if (name === "EngineAwayError")
    return { message: `${message}; start again when the engine is back`, code: EXIT.refused };
  if (OF_FLEET.has(name)) return { message: hint ? `${message}; ${hint}` : message, code: EXIT.usage };
  if (code === undefined || !OF_PLACES.has(code)) return null;
  return { message: `${message}; choose another path with --state-dir or --socket`, code: EXIT.usage };
}
