/** Where a command looks for the daemon, and the command that starts a daemon there. */
import { socketPath, stateDir } from "../places.js";
import { type Config, readConfig } from "./config.js";

/** A word as it must be typed in a POSIX shell, for the commands we tell people to type. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Options that every command has. */
export interface GlobalOptions {
  socket?: string;
  stateDir?: string;
}

/** From flags, environment and config file. */
export interface CommandPlaces {
  socket: string;
  stateDir: string;
  config: Config;
}

export function commandPlaces(options: GlobalOptions, env = process.env): CommandPlaces {
  const config = readConfig(env);
  return { socket: socketPath(options, env, config), stateDir: stateDir(options, env, config), config };
}

/** What starts the daemon that these options name. */
export function startCommand(options: GlobalOptions): string {
  const words = ["liveopsd start"];
  if (options.stateDir) words.push(`--state-dir ${shellQuote(options.stateDir)}`);
  if (options.socket) words.push(`--socket ${shellQuote(options.socket)}`);
  return words.join(" ");
}
