/**
 * The socket and state directory that a command uses, and the command that starts the daemon there.
 */

import type { Config } from "../system/config-settings.js";
import { socketPath, stateDir } from "../system/places.js";
import { type OnInvalidConfig, usableConfig } from "../system/usable-config.js";
import { shellQuote } from "../text/shell-quote.js";
import { parseAddress, remoteOf } from "./address.js";

/** Options of every command. */
export interface GlobalOptions {
  socket?: string;
  stateDir?: string;
  /** Address of a daemon on another machine, as `parseAddress` writes it. */
  remote?: string;
}

/** Paths and config, from flags, environment and config file. */
export interface CommandPlaces {
  socket: string;
  stateDir: string;
  config: Config;
}

/** @param onInvalid what to do about an invalid config file. @throws UsageError for `throw` */
export async function commandPlaces(
  options: GlobalOptions,
  env: Record<string, string | undefined> = process.env,
  onInvalid: OnInvalidConfig = "warn",
): Promise<CommandPlaces> {
  return placesWith(await usableConfig(onInvalid, env, isDaemonNamed(options, env)), options, env);
}

/** The places of a command with this config file. */
export function placesWith(
  config: Config,
  options: GlobalOptions,
  env: Record<string, string | undefined> = process.env,
): CommandPlaces {
  return {
    socket: options.remote ?? socketPath(options, env, config),
    stateDir: stateDir(options, env, config),
    config,
  };
}

/** Whether flags or the environment select the daemon, so that the config file does not. */
function isDaemonNamed(options: GlobalOptions, env: Record<string, string | undefined>): boolean {
  const { remote, socket, stateDir } = options;
  return [remote, socket, stateDir, env.LIVEOPS_SOCKET, env.LIVEOPS_STATE_DIR].some(Boolean);
}

/**
 * The daemon of the address, otherwise of LIVEOPS_HOST; null: both are missing.
 *
 * @param isHere - a flag selects a daemon of this machine, which LIVEOPS_HOST does not override
 * @throws UsageError
 */
export function addressedDaemon(
  option: string | undefined,
  isHere: boolean,
  env: Record<string, string | undefined> = process.env,
): GlobalOptions | null {
  const text = option ?? (isHere ? undefined : env.LIVEOPS_HOST);
  if (!text) return null;
  return parseAddress(text, option === undefined ? "LIVEOPS_HOST" : "the host").options;
}

/** The command that starts the daemon for these options. */
export function startCommand(options: GlobalOptions): string {
  const remote = remoteOf(options.remote);
  if (remote !== null) return remote.commandLine(["liveops", "start"]);
  const words = ["liveops start"];
  if (options.stateDir) words.push(`--state-dir ${shellQuote(options.stateDir)}`);
  if (options.socket) words.push(`--socket ${shellQuote(options.socket)}`);
  return words.join(" ");
}
