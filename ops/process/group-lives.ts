/**
 * Whether a process group still has a process that runs: asked by `Group` while it waits for a group to end.
 *
 * A signal also reaches those that have ended and that nobody has waited for, and some containers' first process
 * takes seconds over that, or never does it. So where there is a /proc, their state is read there.
 */
import { pids, statFields } from "./proc.js";

export function groupLives(group: number): boolean {
  if (!hasMembers(group)) return false;
  const all = pids();
  return all.length === 0 || all.some((pid) => runsIn(pid, group));
}

function hasMembers(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function runsIn(pid: number, group: number): boolean {
  const [state, , pgrp] = statFields(pid) ?? [];
  return Number(pgrp) === group && state !== "Z" && state !== "X";
}
