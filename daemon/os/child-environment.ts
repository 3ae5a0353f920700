/**
 * The environment of the processes that run the author's code: workers and loaders. The daemon's
 * own environment does not reach them, except for the base and the names that `env.fromDaemon` of
 * the config file permits.
 */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import {
  BASE_VARIABLES,
  matchingVariables,
  nameMatcher,
  type Variables,
} from "../../protocol/environment.js";

/**
 * Variables that Node, the system's linker and our cache read when a process starts. The process
 * removes them before it runs the author's code, so that no operation inherits them.
 */
const START_VARIABLES = [
  "NODE_OPTIONS",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "UV_THREADPOOL_SIZE",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "DYLD_LIBRARY_PATH",
  "DYLD_INSERT_LIBRARIES",
  "XDG_CACHE_HOME",
];

export interface ChildEnvironment {
  env: Record<string, string>;
  /** Names that the process removes with `removeStartVariables`. */
  startOnly: string[];
}

/** @param fromDaemon patterns of `env.fromDaemon` */
export function childEnvironment(
  daemon: Variables,
  fromDaemon: readonly string[],
): ChildEnvironment {
  const patterns = [...BASE_VARIABLES, ...fromDaemon];
  const stays = nameMatcher(patterns);
  const env = matchingVariables(daemon, [...patterns, ...START_VARIABLES]);
  return { env, startOnly: Object.keys(env).filter((name) => !stays(name)) };
}

/**
 * `childEnvironment` for a process that loads code of liveops: it shares the daemon's compile
 * cache, which saves a quarter of a worker's start.
 */
export function nodeEnvironment(
  daemon: Variables,
  fromDaemon: readonly string[],
): ChildEnvironment {
  const { env, startOnly } = childEnvironment(daemon, fromDaemon);
  const dir = getCompileCacheDir();
  if (dir === undefined || "NODE_COMPILE_CACHE" in env) return { env, startOnly };
  // Node keeps what it compiles in a subdirectory for its version.
  return {
    env: { ...env, NODE_COMPILE_CACHE: dirname(dir) },
    startOnly: [...startOnly, "NODE_COMPILE_CACHE"],
  };
}

export function removeStartVariables(startOnly: readonly string[]): void {
  for (const name of startOnly) delete process.env[name];
}
