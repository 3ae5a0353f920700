/**
 * Whether a process group still has a process that runs: asked by `Group` while it waits for a group to end.
 *
 * A signal also reaches those that have ended and that nobody has waited for, and some containers' first process
 * takes seconds over that, or never does it. So where there is a /proc, their state is read there.
 */
import { readdirSync, readFileSync } from "node:fs";

export function groupLives(group: number): boolean {
  if (!hasMembers(group)) return false;
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return true;
  }
  return pids.length === 0 || pids.some((pid) => runsIn(pid, group));
}

function hasMembers(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function runsIn(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may itself contain any of these.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(pgrp) === group && state !== "Z" && state !== "X";
  } catch {
    // It has ended meanwhile.
    return false;
  }
}
