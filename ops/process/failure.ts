/** Messages of `shell`: why a command could not be started, or how the command ended. */
import { statSync } from "node:fs";
import { PlainError, shown } from "../messages.js";
import type { Ending } from "./group.js";

/** The command ended with an exit code other than 0, or by a signal. */
export class CommandFailed extends PlainError {
  override name = "CommandFailed";

  readonly exitCode: number | null;

  constructor(command: string, end: Ending) {
    super(`${shown(command)} ${ending(end)}`);
    this.exitCode = end.exitCode;
  }
}

/** `exited with 2`, `was killed by SIGSEGV`. */
export function ending({ exitCode, signal }: Ending): string {
  return signal ? `was killed by ${signal}` : `exited with ${exitCode}`;
}

/** The error for a command that the system did not start. */
export function commandNotStarted(
  error: NodeJS.ErrnoException,
  command: string,
  args: readonly string[],
): PlainError {
  const name = shown(command);
  if (error.code === "ENOENT") {
    const cwd = process.cwd();
    if (!isDirectory(cwd)) return new PlainError(`the working directory ${shown(cwd)} no longer exists`);
    if (command.includes("/"))
      return new PlainError(`there is no ${name}, or the interpreter it names is missing`);
    const hint =
      args.length === 0 && /\s/.test(command)
        ? "give the command and each argument as separate words after --, or the complete line as script=…"
        : "check the spelling, or give its full path";
    return new PlainError(`there is no command "${name}" on the PATH: ${hint}`);
  }
  if (error.code === "EACCES")
    return new PlainError(`${name} is not executable: run chmod +x on it, or give another program`);
  if (error.code === "E2BIG") return new PlainError(`the arguments of ${name} are too long for the system`);
  return new PlainError(`${name} could not be started: ${error.message}`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
