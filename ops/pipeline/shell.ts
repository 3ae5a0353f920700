/**
 * The rule by which scripts run: `bash -euo pipefail -c`, or `sh -eu -c` where there is no bash. And which command of a
 * script failed.
 *
 * The script is passed as it is written. Bash first reads a file of ours (`BASH_ENV`) that sets an ERR trap, which
 * appends status, line and command to a second file. So the script has no other line numbers, descriptors or variables
 * than without the trap. A script that sets its own ERR trap replaces ours.
 */
import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export interface Shell {
  command: string;
  /** The arguments before the script. */
  options: readonly string[];
  isBash: boolean;
}

/** The rule as people read it. */
export function shellText({ isBash, options }: Shell): string {
  return [isBash ? "bash" : "sh", ...options].join(" ");
}

const BASH_OPTIONS = ["-euo", "pipefail", "-c"];
const SH_OPTIONS = ["-eu", "-c"];

/** @param path - the `PATH` that the script has */
export function findShell(path: string | undefined, cwd: string): Shell {
  return isOnPath("bash", path ?? "", cwd)
    ? { command: "bash", options: BASH_OPTIONS, isBash: true }
    : { command: "/bin/sh", options: SH_OPTIONS, isBash: false };
}

function isOnPath(name: string, path: string, cwd: string): boolean {
  return path.split(delimiter).some((dir) => {
    try {
      const file = join(resolve(cwd, dir), name);
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** The command of a script that failed. */
export interface FailedCommand {
  /** Line of the script, from 1. */
  line: number;
  /** As it is written, without values. */
  command: string;
}

/** Finds out which command of one run of a script failed. */
export class FailureTrap {
  readonly #startFile: string;
  readonly #records: string;

  /** @param dir - a private directory */
  constructor(dir: string) {
    this.#startFile = join(dir, "start");
    this.#records = join(dir, "failed");
  }

  /** @param before - the `BASH_ENV` that the script would have */
  set(before: string | undefined): { BASH_ENV: string } {
    rmSync(this.#records, { force: true });
    const body = `case $- in *e*) { printf '%s\\0' "$?" "$LINENO" "$BASH_SUBSHELL" "$BASH_COMMAND" >>${quoted(this.#records)}; } 2>/dev/null ;; esac`;
    const restore =
      before === undefined || before === ""
        ? "unset BASH_ENV"
        : `export BASH_ENV=${quoted(before)}\nif [ -r "$BASH_ENV" ]; then . "$BASH_ENV"; fi`;
    writeFileSync(this.#startFile, `${restore}\nset -E\ntrap ${quoted(body)} ERR\n`, { mode: 0o600 });
    return { BASH_ENV: this.#startFile };
  }

  /** Null if it is not known: the script called `exit`, for example. */
  failed(exitCode: number | null): FailedCommand | null {
    let text: string;
    try {
      text = readFileSync(this.#records, "utf8");
    } catch {
      return null;
    }
    const fields = text.split("\0");
    const records: Array<FailedCommand & { status: number; depth: number }> = [];
    for (let n = 0; n + 4 < fields.length; n += 4) {
      const [status, line, depth] = fields.slice(n, n + 3).map(Number) as [number, number, number];
      records.push({ status, line, depth, command: fields[n + 3] as string });
    }
    // Only the failure that ended the script counts: with -e, a record of the script itself, not of a subshell.
    let at = records.findLastIndex(({ depth }) => depth === 0);
    if (at === -1 || records[at]?.status !== exitCode) return null;
    // The record before it names the command within the subshell that failed with the same status.
    while ((records[at - 1]?.depth ?? 0) > records[at]!.depth && records[at - 1]?.status === exitCode) at--;
    const { line, command } = records[at]!;
    return { line, command };
  }
}

/** Quotes a word for a shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
