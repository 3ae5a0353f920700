/** Processes as Linux tells of them in /proc. Where there is none, nothing is found. */
import { readdirSync, readFileSync } from "node:fs";

export function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * The fields of proc_pid_stat(5) after the command's name, which may itself hold spaces and brackets: [0] is the state,
 * [2] the process group, [3] the session, [19] the start time. Null where the process has ended.
 */
export function statFields(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Whether the process was started with this `NAME=value` in its environment. */
export function hasMark(pid: number, mark: string): boolean {
  return read(`/proc/${pid}/environ`)?.split("\0").includes(mark) ?? false;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return null;
  }
}
