/** Why a program could not be started. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { shown } from "../messages.js";

/**
 * A program was not started. `code` is that of the system, such as `ENOENT`. The name stays
 * `Error`, because the class is internal and a stack shows the name.
 */
class NotStarted extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws NotStarted if the working directory of a program is missing */
export function checkDirectory(cwd: string): void {
  if (isDirectory(cwd)) return;
  const [code, what] = existsSync(cwd)
    ? ["ENOTDIR", "is not a directory"]
    : ["ENOENT", "does not exist"];
  throw new NotStarted(code!, `the working directory ${shown(cwd)} ${what}`);
}

/** The error for a command that the system did not start. */
export function notStarted(error: NodeJS.ErrnoException, command: string, cwd: string): Error {
  const { code = "" } = error;
  // Wrong arguments are the caller's mistake, and Node names them.
  if (code.startsWith("ERR_")) return error;
  return new NotStarted(code, reason(error, command, cwd));
}

function reason({ code, message }: NodeJS.ErrnoException, command: string, cwd: string): string {
  const name = shown(command);
  if (code === "ENOENT") {
    if (!isDirectory(cwd)) return `the working directory ${shown(cwd)} no longer exists`;
    if (command.includes("/")) return `there is no ${name}, or the interpreter it names is missing`;
    const hint = /\s/.test(command)
      ? "give the command and each argument separately"
      : "check the spelling, or give its full path";
    return `there is no command "${name}" on the PATH: ${hint}`;
  }
  if (code === "EACCES" && !isDirectory(cwd, constants.X_OK))
    return `the working directory ${shown(cwd)} cannot be entered: permission denied`;
  if (code === "EACCES" && command.includes("/") && isDirectory(resolve(cwd, command)))
    return `${name} is a directory: give the path of a program`;
  if (code === "EACCES")
    return `${name} is not executable: run chmod +x on it, or give another program`;
  if (code === "E2BIG")
    return `the arguments and the environment of ${name} are too long: Linux passes at most 128 KiB of a word or a variable, and about 2 MiB in all; write a long one to a file and give its path`;
  return `${name} could not be started: ${message}`;
}

function isDirectory(path: string, mode: number = constants.F_OK): boolean {
  try {
    accessSync(path, mode);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
