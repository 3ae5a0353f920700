/**
 * The rule by which scripts run: `bash -euo pipefail -c`, or `sh -eu -c` where there is no bash.
 * And which command of a script failed.
 *
 * The script is passed as it is written. Bash first reads a file of ours (`BASH_ENV`) that sets an
 * ERR trap, which appends status, line and command to a second file. So the script has no other
 * line numbers, descriptors or variables than without the trap. A script that sets its own ERR trap
 * replaces ours.
 *
 * For a condition (`when`), an EXIT trap tells an answer from an error of the shell: with -eu, bash
 * ends with 1 for both.
 */
import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { shellQuote } from "../../../protocol/text/shell-quote.js";

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

interface ErrorRecord extends FailedCommand {
  status: number;
  /** Depth of the subshell; NaN in the record of the EXIT trap. */
  depth: number;
}

/**
 * Follows the script of a condition, so that its end is an `exit` too. After a `\` the first line
 * end is none.
 */
export const CONDITION_END = "\n\nexit";

/** Marks the record of the EXIT trap, in the place of the depth. */
const AT_EXIT = "exit";

/** Finds out which command of one run of a script failed. */
export class FailureTrap {
  readonly #startFile: string;
  readonly #records: string;

  /** @param dir - a private directory */
  constructor(dir: string) {
    this.#startFile = join(dir, "start");
    this.#records = join(dir, "failed");
  }

  /**
   * @param before - the `BASH_ENV` that the script would have
   * @param isCondition - run the script with `CONDITION_END`; `isBroken` is then known
   */
  set(before: string | undefined, isCondition: boolean): { BASH_ENV: string } {
    rmSync(this.#records, { force: true });
    const record = (depth: string) =>
      `{ printf '%s\\0' "$?" "$LINENO" ${depth} "$BASH_COMMAND" >>${shellQuote(this.#records)}; } 2>/dev/null`;
    const body = `case $- in *e*) ${record('"$BASH_SUBSHELL"')} ;; esac`;
    const atExit = isCondition ? `trap ${shellQuote(record(AT_EXIT))} EXIT\n` : "";
    const restore =
      before === undefined || before === ""
        ? "unset BASH_ENV"
        : `export BASH_ENV=${shellQuote(before)}\nif [ -r "$BASH_ENV" ]; then . "$BASH_ENV"; fi`;
    writeFileSync(this.#startFile, `${restore}\nset -E\ntrap ${shellQuote(body)} ERR\n${atExit}`, {
      mode: 0o600,
    });
    return { BASH_ENV: this.#startFile };
  }

  /** Null if it is not known: the script called `exit`, for example. */
  failed(exitCode: number | null): FailedCommand | null {
    const records = this.#read();
    // Only the failure that ended the script counts: with -e, a record of the script itself, not of
    // a subshell.
    let at = records.findLastIndex(({ depth }) => depth === 0);
    if (at === -1 || records[at]?.status !== exitCode) return null;
    // The record before it names the command within the subshell that failed with the same status.
    while (
      (records[at - 1]?.depth ?? 0) > records[at]!.depth &&
      records[at - 1]?.status === exitCode
    )
      at--;
    const { line, command } = records[at]!;
    return { line, command };
  }

  /**
   * Whether bash ended a condition although no command answered: for a variable that is not set,
   * for example. An answer is a command that failed (`-e`), `exit`, or the end of the script.
   */
  get isBroken(): boolean {
    const records = this.#read();
    const end = records.at(-1);
    if (end === undefined || !Number.isNaN(end.depth) || /(?:^|\s)exit\b/.test(end.command))
      return false;
    return records.at(-2)?.depth !== 0;
  }

  #read(): ErrorRecord[] {
    let text: string;
    try {
      text = readFileSync(this.#records, "utf8");
    } catch {
      return [];
    }
    const fields = text.split("\0");
    const records: ErrorRecord[] = [];
    for (let n = 0; n + 4 < fields.length; n += 4) {
      const [status, line, depth] = fields.slice(n, n + 3).map(Number) as [number, number, number];
      records.push({ status, line, depth, command: fields[n + 3] as string });
    }
    return records;
  }
}
