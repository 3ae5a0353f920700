/** Checks the directory of `--cwd` before the submit, where it must exist on this machine. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Client } from "../../protocol/client/client.js";
import { isRemote } from "../../protocol/client/ssh/address.js";
import { UsageError } from "../../protocol/failures.js";

/**
 * Another machine, and another host of a fleet, may have the directory that this machine lacks.
 *
 * @throws UsageError where the operation could not begin
 */
export async function checkCwd(
  client: Client,
  { cwd, fleet }: { cwd?: string | undefined; fleet?: string | undefined },
): Promise<void> {
  if (cwd === undefined || fleet !== undefined || isRemote(client.socket)) return;
  const path = resolve(cwd);
  const problem = problemOf(path);
  if (problem === null || (await client.hosts()).fleet !== null) return;
  throw new UsageError(`--cwd: ${problem}`);
}

function problemOf(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : `${path} is not a directory`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? `the directory ${path} does not exist` : message;
  }
}
