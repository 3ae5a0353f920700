/**
 * Gives the tests of a run a small environment and a home of their own: no test meets a setting, the state or a daemon of
 * the user, and no command starts a daemon that a test did not ask for. Tests see times in UTC.
 *
 * Their files are in memory where the machine has room: tests make hundreds of thousands of files, which take a third of
 * the time of a run on a disk. `TMPDIR` names another place.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

/** `CI` and what follows it tell the test run what to do. */
const KEPT = /^(PATH|TMPDIR|NODE_ENV|TEST|VITEST.*|CI|LIVEOPS_(FAULTS|FUZZ|FLEET_LOGS|NO_BUILD|PICTURES).*)$/;

export default function clearEnvironment(): () => void {
  for (const name of Object.keys(process.env)) if (!KEPT.test(name)) delete process.env[name];
  const memory = process.env.TMPDIR ? null : memoryDirectory();
  if (memory !== null) process.env.TMPDIR = memory;
  const home = mkdtempSync(join(tmpdir(), "liveops-test-home-"));
  process.env.HOME = home;
  process.env.TZ = "UTC";
  process.env.LIVEOPS_AUTOSTART = "0";
  // Each world has an empty home; compiling the bins anew takes a tenth of the time of a start.
  process.env.NODE_COMPILE_CACHE = join(home, "compile-cache");
  // Ink draws borders in colour only where it may.
  if (process.env.LIVEOPS_PICTURES) process.env.FORCE_COLOR = "3";
  return () => {
    for (const dir of [home, memory]) if (dir !== null) rmSync(dir, { recursive: true, force: true });
  };
}

const MEMORY = "/dev/shm";

function mounts(): string {
  try {
    return readFileSync("/proc/mounts", "utf8");
  } catch {
    return "";
  }
}

/** Bytes that a run may take, and leave to the machine. */
const ROOM = 4 * 1024 ** 3;

/** A directory of this run in memory; null where there is no room. Removes those of runs that were killed. */
function memoryDirectory(): string | null {
  // Tests run programs of their files, which some machines do not permit there.
  const options = /^\S+ \/dev\/shm tmpfs (\S+)/m.exec(mounts())?.[1]?.split(",");
  if (!options || options.includes("ro") || options.includes("noexec")) return null;
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = /^lo-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < ROOM || freemem() < 2 * ROOM) return null;
  // A short path: sockets are in it. A PostgreSQL server runs as a user of its own.
  const dir = join(MEMORY, `lo-${process.pid}`);
  mkdirSync(dir);
  chmodSync(dir, 0o755);
  return dir;
}
