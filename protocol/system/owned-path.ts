/**
 * Checks whether another user could change the target of a path, by the rules of sshd's
 * StrictModes.
 *
 * A path is safe if only this user or root owns and can write it, every directory above it, and
 * every symbolic link on the way. A sticky directory (such as /tmp) is safe as a parent, because
 * only the owner of an entry may replace it there. Windows has no such owners: every path is safe
 * there.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join, resolve } from "node:path";

const STICKY = 0o1000;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/** Symbolic links followed at most, as Linux does. */
const MAX_LINKS = 40;

type Owned = Pick<Stats, "uid" | "gid" | "mode">;

/** Describes the problem of the last entry of a path; null if the entry is safe. */
export type EntryCheck = (path: string, stat: Owned) => string | null;

/**
 * Finds the first entry of a path, the last one included, that another user could change.
 *
 * @param path entries that do not exist are safe
 * @param check check of the last entry; default: `statProblem`
 * @returns the problem and the command that repairs it; null if the path is safe
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
      // Opening a loop of links reports the error.
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

/**
 * The problem of an entry that only this user or root may own and write; null if the entry is safe.
 */
export function statProblem(path: string, stat: Owned): string | null {
  return ownerProblem(path, stat) ?? writersProblem(path, stat);
}

/** The problem of an entry that only this user or root may own; null if the entry is safe. */
export function ownerProblem(path: string, { uid }: Pick<Stats, "uid">): string | null {
  if (isTrusted(uid)) return null;
  return `${path} belongs to another user (${userName(uid)})`;
}

/**
 * Why this user may not open a socket: the first directory of the path that denies access, or the
 * socket itself, with its owner and what to do.
 *
 * @returns null if no mode on the path denies access
 */
export function accessProblem(socket: string): string | null {
  const uid = process.geteuid?.();
  if (uid === undefined) return null;
  const parts = names(resolve(socket));
  let entry = "/";
  for (const [index, name] of parts.entries()) {
    entry = join(entry, name);
    const stat = lookAt(entry);
    if (stat === null) return null;
    const isLast = index === parts.length - 1;
    if (stat.isSymbolicLink() || mayAccess(stat, isLast ? MAY_WRITE : MAY_ENTER)) continue;
    if (stat.uid === uid)
      return `${entry} denies you access (mode ${modeText(stat.mode)}); run: chmod ${isLast ? "600" : "u+rwx"} ${entry}`;
    return (
      `${entry} belongs to ${userName(stat.uid)} and denies access to ${userName(uid)}; ` +
      "run the command as the owner, or choose another socket with --socket"
    );
  }
  return null;
}

const MAY_WRITE = 2;
const MAY_ENTER = 1;

/** Whether the mode allows the access to this user. */
function mayAccess({ uid, gid, mode }: Owned, access: number): boolean {
  if (uid === process.geteuid?.()) return (mode & (access << 6)) !== 0;
  const isMember = gid === process.getegid?.() || process.getgroups?.().includes(gid);
  return (mode & (isMember ? access << 3 : access)) !== 0;
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8);
}

/** `uid 1000 (ann)`, or `uid 1000` if /etc/passwd does not name the user. */
export function userName(uid: number): string {
  const name = rowsOf("/etc/passwd").find(([, , id]) => id === String(uid))?.[0];
  return name === undefined ? `uid ${uid}` : `uid ${uid} (${name})`;
}

/**
 * Whether this user is the only member of a group. Systems with a umask of 002 create such a group
 * for each user.
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
  const problem = ownerProblem(path, stat);
  if (problem !== null && !isUnmapped(stat.uid)) return problem;
  return (stat.mode & STICKY) === 0 ? writersProblem(path, stat) : null;
}

function writersProblem(path: string, { gid, mode }: Owned): string | null {
  const others = (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && !isOwnGroup(gid));
  if (!others) return null;
  return `${path} may be written by others (mode ${modeText(mode)}); run: chmod go-w ${path}`;
}

function isTrusted(uid: number): boolean {
  return uid === 0 || process.geteuid === undefined || uid === process.geteuid();
}

/** Root's umask is 022, so write access for root's group was given on purpose. */
function isOwnGroup(gid: number): boolean {
  const uid = process.geteuid?.() ?? 0;
  return (
    uid !== 0 && gid !== 0 && isPrivateGroup(gid, uid, rowsOf("/etc/passwd"), rowsOf("/etc/group"))
  );
}

/**
 * In a user namespace, all users that are not mapped, such as the outer root, appear as one user.
 */
function isUnmapped(uid: number): boolean {
  if (String(uid) !== textOf("/proc/sys/kernel/overflowuid").trim()) return false;
  return !/^\s*0\s+0\s+4294967295\s*$/.test(textOf("/proc/self/uid_map"));
}

/** Null if the entry is missing or cannot be read; opening it reports why. */
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
