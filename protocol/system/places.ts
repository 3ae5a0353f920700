/**
 * Paths of the state directory, socket, config file, cache and operations directories.
 *
 * A flag overrides the environment; the environment overrides the config file. Pure: the
 * environment is a parameter.
 */
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

/** What flags or the config file name. */
export interface Places {
  stateDir?: string | undefined;
  socket?: string | undefined;
  ops?: string[] | undefined;
}

type Env = Record<string, string | undefined>;

/** The daemon binds its socket under the path with this ending, then renames it. */
export const UNBOUND_SOCKET = ".new";

/**
 * The longest path of a daemon's socket, in bytes: sun_path (unix(7)) without its final zero and
 * the ending above.
 */
export const MAX_SOCKET_PATH = (process.platform === "linux" ? 107 : 103) - UNBOUND_SOCKET.length;

/**
 * Why the path is too long for a socket; null if it fits. Commands and the daemon have the same
 * limit.
 */
export function socketPathProblem(socket: string): string | null {
  const length = Buffer.byteLength(socket);
  if (length <= MAX_SOCKET_PATH) return null;
  return (
    `the socket's path has ${length} bytes, the limit is ${MAX_SOCKET_PATH}: ${socket}; ` +
    "choose a shorter path with --socket"
  );
}

export function configFile(env: Env): string {
  return resolve(env.LIVEOPS_CONFIG || join(configDir(env), "config.json"));
}

/** The user's config directory of liveops; its `ops/` holds the user's operations. */
function configDir(env: Env): string {
  return join(env.XDG_CONFIG_HOME || join(home(env), ".config"), "liveops");
}

/** The cache directory; it may be deleted at any time. */
export function cacheDir(env: Env): string {
  return join(env.XDG_CACHE_HOME || join(home(env), ".cache"), "liveops");
}

export function stateDir(flags: Places, env: Env, config: Places = {}): string {
  const chosen = chosenStateDir(flags, env, config);
  return resolve(
    chosen || join(env.XDG_STATE_HOME || join(home(env), ".local", "state"), "liveops"),
  );
}

/** The stamps of pipelines, of the daemon and of `liveops run`. */
export function stampsIn(stateDir: string): string {
  return join(stateDir, "stamps");
}

export function socketPath(flags: Places, env: Env, config: Places = {}): string {
  const chosen = flags.socket || env.LIVEOPS_SOCKET || config.socket;
  if (chosen) return resolve(chosen);
  if (!chosenStateDir(flags, env, config) && env.XDG_RUNTIME_DIR) {
    return resolve(env.XDG_RUNTIME_DIR, "liveops", "liveopsd.sock");
  }
  return join(stateDir(flags, env, config), "liveopsd.sock");
}

/** The user's operations directories, by precedence. The shipped operations come after these. */
export function userOpsDirs(flags: Places, env: Env, config: Places = {}): string[] {
  const listed = [
    ...(flags.ops ?? []),
    ...(env.LIVEOPS_OPS ?? "").split(delimiter).filter(Boolean),
    ...(config.ops ?? []),
    join(configDir(env), "ops"),
  ];
  return [...new Set(listed.map((dir) => resolve(dir)))];
}

/** The path, with a leading `~` or `~/` replaced by the home directory. */
export function inHome(path: string, env: Env): string {
  return path === "~" || path.startsWith("~/") ? join(home(env), path.slice(1)) : path;
}

/** Whether a flag, the environment or the config file names the state directory. */
export function isStateDirChosen(flags: Places, env: Env, config: Places): boolean {
  return Boolean(chosenStateDir(flags, env, config));
}

function chosenStateDir(flags: Places, env: Env, config: Places): string | undefined {
  return flags.stateDir || env.LIVEOPS_STATE_DIR || config.stateDir;
}

function home(env: Env): string {
  return env.HOME || homedir();
}
