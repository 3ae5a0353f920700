import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

/**
 * The error of a call of node:fs that fails with this error of the system.
 *
 * @param name - such as ENOSPC. Node has no name for some, such as EDQUOT: their code tells the
 *   number alone
 */
export function systemError(name: string, syscall: string): NodeJS.ErrnoException {
  const errno = -constants.errno[name as keyof typeof constants.errno];
  const unknown = `Unknown system error ${errno}`;
  const [code, text] = getSystemErrorMap().get(errno) ?? [unknown, unknown];
  return Object.assign(new Error(`${code}: ${text}, ${syscall} (a test's disk)`), {
    errno,
    code,
    syscall,
  });
}
