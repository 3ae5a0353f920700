/**
 * Whether something starts the daemon when the machine starts: an enabled unit of systemd, or a
 * line of a crontab.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, join } from "node:path";

type Env = Record<string, string | undefined>;

/** Longest time for `crontab -l`, in ms. */
const CRONTAB_MS = 2000;

/**
 * Why the daemon does not start with the machine, and the command that mends it; null: it starts.
 *
 * @param root - of the file system
 */
export async function rebootProblem(
  stateDir: string,
  env: Env = process.env,
  root = "/",
): Promise<string | null> {
  // The program of a container: what starts the container starts the daemon.
  if (process.pid === 1) return null;
  const own = ownUnit(env, root);
  const isOurs = (file: string) =>
    basename(file) === own ||
    textOf(file).includes(`# State directory: ${JSON.stringify(stateDir)}\n`);
  const config = env.XDG_CONFIG_HOME || join(env.HOME ?? "/", ".config");
  if (enabledIn(join(root, "etc/systemd/system")).some(isOurs)) return null;
  if (
    [join(config, "systemd/user"), join(root, "etc/systemd/user")].flatMap(enabledIn).some(isOurs)
  ) {
    if (existsSync(join(root, "var/lib/systemd/linger", userInfo().username))) return null;
    return "after a reboot, schedules stand still until you log in; to start the daemon with the machine: loginctl enable-linger";
  }
  if ((await crontabs(env, root)).some((text) => /^\s*@reboot\s.*liveops/m.test(text))) return null;
  return "after a reboot, schedules stand still until a command starts the daemon; to start it with the machine: liveops install";
}

/** The unit whose program this process is. */
function ownUnit({ SYSTEMD_EXEC_PID }: Env, root: string): string | null {
  if (SYSTEMD_EXEC_PID !== String(process.pid)) return null;
  return (
    /([^/\n]+\.service)(?:\/[^/\n]*)?$/m.exec(textOf(join(root, "proc/self/cgroup")))?.[1] ?? null
  );
}

/**
 * Files of the units that systemd starts by itself: those in the folder of a target that wants
 * them.
 */
function enabledIn(dir: string): string[] {
  const folders = namesIn(dir).filter((name) => name.endsWith(".wants"));
  return folders.flatMap((folder) =>
    namesIn(join(dir, folder)).map((name) => join(dir, folder, name)),
  );
}

async function crontabs(env: Env, root: string): Promise<string[]> {
  const own = new Promise<string>((resolve) => {
    execFile("crontab", ["-l"], { env, timeout: CRONTAB_MS }, (_error, stdout) => resolve(stdout));
  });
  const system = namesIn(join(root, "etc/cron.d")).map((name) => join(root, "etc/cron.d", name));
  return [await own, ...[join(root, "etc/crontab"), ...system].map(textOf)];
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
