/**
 * Finds and prepares the cgroup (v2) below which the daemon makes a cgroup for each worker.
 *
 * Only a delegated cgroup is touched: that of a systemd unit with `Delegate=yes`, one that a
 * container or an administrator gave to this user, or one whose child `daemon` holds the daemon
 * alone. A cgroup whose children have controllers may hold no process itself, so the daemon moves
 * into `<base>/daemon`.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { textOf } from "../../ops/programs/proc.js";
import { Cgroup, joinCgroup } from "./cgroup.js";

/**
 * The daemon's own cgroup below the base. systemd puts the daemon there too with
 * `DelegateSubgroup=daemon`.
 */
const DAEMON = "daemon";

type CgroupBase = { dir: string } | { dir: null; reason: string };

/** What the daemon reads from the system; a test supplies its own. */
export interface CgroupSystem {
  /** Text of /proc/self/cgroup and /proc/self/mountinfo; null if there is none. */
  cgroup: string | null;
  mountinfo: string | null;
  uid: number;
  /** Whether a systemd unit has `Delegate=yes`. */
  isDelegated(unit: string, isUser: boolean): boolean;
}

function realSystem(): CgroupSystem {
  return {
    cgroup: textOf("/proc/self/cgroup", "utf8"),
    mountinfo: textOf("/proc/self/mountinfo", "utf8"),
    uid: process.geteuid?.() ?? -1,
    isDelegated: askSystemd,
  };
}

/** Opens the base, and moves the daemon out of it. */
export function openBase(system: CgroupSystem = realSystem()): CgroupBase {
  const own = ownCgroup(system.cgroup, system.mountinfo);
  if (own === null) return none("no cgroup v2 is mounted");
  const dir = basename(own) === DAEMON ? dirname(own) : own;
  const problem = whyNotDelegated(dir, own, system);
  if (problem !== null) return none(problem);
  try {
    if (own === dir) joinCgroup(join(dir, DAEMON));
  } catch (error) {
    return none(`the daemon cannot move into ${join(dir, DAEMON)}: ${(error as Error).message}`);
  }
  return { dir };
}

/** The directory of the cgroup (v2) that this process is in; null if it cannot be seen. */
export function ownCgroup(cgroup: string | null, mountinfo: string | null): string | null {
  const path = /^0::(\/.*)$/m.exec(cgroup ?? "")?.[1];
  if (path === undefined) return null;
  for (const line of (mountinfo ?? "").split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    if (!after.startsWith("cgroup2 ")) continue;
    const [root = "/", mountPoint = ""] = before.split(" ").slice(3, 5).map(unescaped);
    // A mount may show only a part of the hierarchy.
    const top = root === "/" ? "" : root;
    if (path === top || path.startsWith(`${top}/`))
      return resolve(mountPoint, `.${path.slice(top.length)}`);
  }
  return null;
}

function whyNotDelegated(
  dir: string,
  own: string,
  { uid, isDelegated }: CgroupSystem,
): string | null {
  if (!existsSync(join(dir, "cgroup.type")))
    return "the daemon is in the root cgroup, which is not delegated";
  const unusable = whyNotUsable(dir);
  if (unusable !== null) return unusable;
  const unit = basename(dir);
  const isUnit = /\.(service|scope)$/.test(unit);
  if (isUnit) {
    if (!isDelegated(unit, dir.includes("/user@")))
      return `${unit} is not delegated (Delegate=yes)`;
  } else if (dir === own && (uid === 0 || statSync(dir).uid !== uid))
    return `${dir} is not delegated to this user`;
  // What an action has started may outlive the daemon in the child of a unit.
  const shared = (isUnit ? [dir] : [dir, own]).find((each) => othersIn(each).length > 0);
  return shared === undefined ? null : `other processes are in ${shared}`;
}

function othersIn(dir: string): number[] {
  return new Cgroup(dir).ownPids().filter((pid) => pid !== process.pid && pid !== process.ppid);
}

function whyNotUsable(dir: string): string | null {
  try {
    for (const file of [".", "cgroup.procs", "cgroup.subtree_control"])
      accessSync(join(dir, file), constants.W_OK);
    return null;
  } catch (error) {
    return `${dir} cannot be written: ${(error as Error).message}`;
  }
}

function askSystemd(unit: string, isUser: boolean): boolean {
  try {
    const words = [...(isUser ? ["--user"] : []), "show", "--property=Delegate", "--value", unit];
    const said = execFileSync("systemctl", words, {
      encoding: "utf8",
      timeout: 2000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return said.trim() === "yes";
  } catch {
    return false;
  }
}

/** mountinfo writes space, tab, newline and backslash in octal. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function none(reason: string): CgroupBase {
  return { dir: null, reason };
}
