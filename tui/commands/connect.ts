/** The client of the daemon that a command's options name. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";

export interface Connected<T> {
  client: Client;
  options: T & GlobalOptions;
}

export function connect<T>(command: Command): Connected<T> {
  const options = allOptions<T & GlobalOptions>(command);
  return { client: new Client(commandPlaces(options).socket), options };
}
