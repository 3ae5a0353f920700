/** The socket and state directory that a command uses, and the command that starts the daemon there. */
import { socketPath, stateDir } from "../places.js";
import { onRemote } from "../remote/address.js";
import { shellQuote } from "../shell-quote.js";
import { type Config, readConfig } from "./config.js";

/** Options of every command. */
export interface GlobalOptions {
  socket?: string;
  stateDir?: string;
  /** URL of a fleet that is asked without a daemon. */
  fleet?: string;
  /** Address of a daemon on another machine, as `parseAddress` writes it. */
  remote?: string;
}

/** Paths and config, from flags, environment and config file. */
export interface CommandPlaces {
  socket: string;
  stateDir: string;
  config: Config;
}

export function commandPlaces(options: GlobalOptions, env = process.env): CommandPlaces {
  const config = readConfig(env);
  return {
    socket: options.remote ?? socketPath(options, env, config),
    stateDir: stateDir(options, env, config),
    config,
  };
}

/** The command that starts the daemon for these options. */
export function startCommand(options: GlobalOptions): string {
  if (options.remote) return onRemote(options.remote, ["liveopsd", "start"]);
  const words = ["liveopsd start"];
  if (options.stateDir) words.push(`--state-dir ${shellQuote(options.stateDir)}`);
  if (options.socket) words.push(`--socket ${shellQuote(options.socket)}`);
  return words.join(" ");
}
