/**
 * Whether another user could change what a path leads to, judged as sshd's StrictModes judges the files of a login.
 *
 * A path is safe when this user or root owns it, every directory above it and every symbolic link on the way, and
 * nobody else may write to any of them. A sticky directory (such as /tmp) is safe as a parent: there only the owner of
 * an entry may replace it. Windows has no such owners: every path is safe there.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join, resolve } from "node:path";

const STICKY = 0o1000;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/** Symbolic links followed at most, as Linux does. */
const MAX_LINKS = 40;

type Owned = Pick<Stats, "uid" | "gid" | "mode">;

/** What is wrong with the last entry of a path; null where it is safe. */
export type EntryCheck = (path: string, stat: Owned) => string | null;

/**
 * The first entry on the way to a path, or the path itself, that another user could change.
 *
 * @param path may be missing, wholly or in part: what is missing is safe
 * @param check for the last entry; default: `statProblem`
 * @returns what is wrong and the command that mends it, or null
 */
export function pathProblem(path: string, check: EntryCheck = statProblem): string | null {
  if (process.geteuid === undefined) return null;
  const rest = names(resolve(path));
  let current = "/";
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const entry = join(current, name);
    const stat = lookAt(entry);
    if (stat === null) return null;
    if (stat.isSymbolicLink()) {
      if (!isTrusted(stat.uid)) return ownerProblem(entry, stat);
      // Opening it says what is wrong with a loop.
      if (++links > MAX_LINKS) return null;
      const target = readlinkSync(entry);
      rest.unshift(...names(target));
      if (target.startsWith("/")) current = "/";
      continue;
    }
    const problem = rest.length > 0 ? parentProblem(entry, stat) : check(entry, stat);
    if (problem !== null) return problem;
    current = entry;
  }
  return null;
}

/** What is wrong with an entry that only this user or root may own and write; null where it is safe. */
export function statProblem(path: string, stat: Owned): string | null {
  return ownerProblem(path, stat) ?? writersProblem(path, stat);
}

/** What is wrong with an entry that only this user or root may own. */
export function ownerProblem(path: string, { uid }: Pick<Stats, "uid">): string | null {
  if (isTrusted(uid)) return null;
  return `${path} belongs to another user (${userName(uid)})`;
}

/** `uid 1000 (ann)`, or `uid 1000` where /etc/passwd does not name the user. */
export function userName(uid: number): string {
  const name = rowsOf("/etc/passwd").find(([, , id]) => id === String(uid))?.[0];
  return name === undefined ? `uid ${uid}` : `uid ${uid} (${name})`;
}

/**
 * Whether a group has this user as its only member, as systems with a umask of 002 make one for each user.
 *
 * @param passwd rows of /etc/passwd
 * @param group rows of /etc/group
 */
export function isPrivateGroup(
  gid: number,
  uid: number,
  passwd: readonly string[][],
  group: readonly string[][],
): boolean {
  const user = passwd.find(([, , id]) => id === String(uid))?.[0];
  const row = group.find(([, , id]) => id === String(gid));
  if (user === undefined || row?.[0] !== user) return false;
  const members = (row[3] ?? "").split(",").filter(Boolean);
  const others = passwd.some(([name, , , primary]) => primary === String(gid) && name !== user);
  return !others && members.every((member) => member === user);
}

function parentProblem(path: string, stat: Owned): string | null {
  if (!isUnmapped(stat.uid)) {
    const problem = ownerProblem(path, stat);
    if (problem !== null) return problem;
  }
  return (stat.mode & STICKY) === 0 ? writersProblem(path, stat) : null;
}

function writersProblem(path: string, { gid, mode }: Owned): string | null {
  const others = (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && !isOwnGroup(gid));
  if (!others) return null;
  return `${path} may be written by others (mode ${(mode & 0o777).toString(8)}); run: chmod go-w ${path}`;
}

function isTrusted(uid: number): boolean {
  return uid === 0 || process.geteuid === undefined || uid === process.geteuid();
}

/** Root's umask is 022: what root's group may write was opened on purpose. */
function isOwnGroup(gid: number): boolean {
  const uid = process.geteuid?.() ?? 0;
  return uid !== 0 && gid !== 0 && isPrivateGroup(gid, uid, rowsOf("/etc/passwd"), rowsOf("/etc/group"));
}

/** In a user namespace, root outside of it and all others who are not mapped are shown as one user. */
function isUnmapped(uid: number): boolean {
  if (String(uid) !== textOf("/proc/sys/kernel/overflowuid").trim()) return false;
  return !/^\s*0\s+0\s+4294967295\s*$/.test(textOf("/proc/self/uid_map"));
}

/** Null where the entry is missing or cannot be looked at: to open it says why. */
function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function names(path: string): string[] {
  return path.split("/").filter(Boolean);
}

function rowsOf(file: string): string[][] {
  return textOf(file)
    .split("\n")
    .map((line) => line.split(":"));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
