/** `--cwd`: the directory that the operation runs in. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { remoteOf } from "../../../protocol/client/address.js";
import type { Client } from "../../../protocol/client/client.js";
import { directoryOn, originOf } from "../../../protocol/client/submit-place.js";
import { UsageError } from "../../../protocol/failures.js";
import type { SubmitOption } from "./option.js";

export interface CwdOptions {
  cwd?: string;
}

const STANDARD = {
  submit: " (default: the current one; with --host, the home directory there)",
  schedule: " (default: the current one; with --host, the home directory there)",
  again: " (default: that of the operation)",
};

export const CWD: SubmitOption<CwdOptions> = {
  add(command, form) {
    if (form !== "run" && form !== "edit")
      command.option("--cwd <dir>", `Directory that the operation runs in${STANDARD[form]}`);
  },
  fields({ cwd }, { form, client: { socket } }) {
    const isNew = form === "submit" || form === "schedule";
    const here = isNew && remoteOf(socket) === null ? currentDirectory("submit") : undefined;
    const place = cwd === undefined ? here : directoryOn(socket, cwd);
    return {
      // An edit has no field for it.
      ...(place !== undefined && { cwd: place }),
      ...((form === "submit" || form === "again") && originOf(socket, place)),
    };
  },
};

/**
 * Checks `--cwd` before the request, where the directory must exist on this machine.
 * Another machine, and another host, may have the directory that this machine lacks.
 *
 * @throws UsageError where the operation could not begin
 */
export async function checkCwd(client: Client, options: CwdOptions): Promise<void> {
  const problem = options.cwd === undefined ? null : problemOf(resolve(options.cwd));
  if (problem !== null && (await placeHere(client, options)) !== null)
    throw new UsageError(`--cwd: ${problem}`);
}

/** The directory that the operation runs in; null: another machine may run it. */
export async function placeHere(client: Client, { cwd = "." }: CwdOptions): Promise<string | null> {
  if (remoteOf(client.socket) !== null) return null;
  return (await client.hosts()).engine === null ? resolve(cwd) : null;
}

function problemOf(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : `${path} is not a directory`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? `the directory ${path} does not exist` : message;
  }
}

/**
 * The current directory.
 *
 * @param what the command to repeat, for the error message
 * @throws UsageError where the directory was removed
 */
export function currentDirectory(what: "run" | "submit"): string {
  try {
    return process.cwd();
  } catch {
    throw new UsageError(
      `the current directory no longer exists; change to another directory and ${what} again`,
    );
  }
}
