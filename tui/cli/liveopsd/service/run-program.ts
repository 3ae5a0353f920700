/** Runs a program of the service manager and collects its output. */
import { execFile } from "node:child_process";

export interface Ran {
  /** Exit code; null if the program could not be run, or was killed. */
  code: number | null;
  stdout: string;
  /** One line: what the program wrote to stderr, or why it could not be run. */
  said: string;
  isMissing: boolean;
}

/** Longest time in ms: a start of a unit may take as long as systemd gives it (90 s). */
const LONGEST_MS = 120_000;

export function runProgram(
  program: string,
  words: readonly string[],
  env: Record<string, string | undefined> = process.env,
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      words,
      { env: { ...env, LC_ALL: "C", SYSTEMD_COLORS: "0" }, timeout: LONGEST_MS, encoding: "utf8" },
      (error, stdout, stderr) => {
        const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
        const exit: unknown = error === null ? 0 : code;
        const said = stderr.trim().split("\n").join("; ") || (error ? firstLine(message ?? "") : "");
        resolve({
          code: typeof exit === "number" ? exit : null,
          stdout: stdout.trim(),
          said,
          isMissing: code === "ENOENT",
        });
      },
    );
    child.stdin?.end();
  });
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
