/**
 * `--fleet URL`: asks a fleet without a daemon of this machine. The daemon's bundle serves the same routes on a private
 * socket in this process, and runs nothing.
 */
import { createRequire } from "node:module";
import { UsageError } from "../../../protocol/failures.js";
import { usableConfig } from "../../../protocol/system/usable-config.js";

/** A fleet that is open for this command. */
export interface OpenFleet {
  /** Answers as a daemon does. */
  socket: string;
  close(): Promise<void>;
}

interface DaemonBundle {
  openFleetClient(options: { url: string; passwordFile: string | null }): Promise<OpenFleet>;
}

/** @throws UsageError for an address that is not valid or not safe; Refusal where the engine does not answer */
export async function openFleet(url: string): Promise<OpenFleet> {
  // Loaded only here: a command that asks a daemon must not load all of it.
  const bundle = createRequire(import.meta.url)("./daemon.cjs") as DaemonBundle;
  const config = await usableConfig("warn", process.env, true);
  return bundle.openFleetClient({ url, passwordFile: config.fleet?.passwordFile ?? null });
}

/**
 * The parser of an option with a URL of a database. It throws a UsageError where the URL shows a password to every user
 * of the machine. The error does not repeat the URL, as those of the argument parser do: errors are copied into tickets.
 */
export function urlWithoutPassword(option: "--fleet" | "--url"): (url: string) => string {
  return (url) => {
    // libpq also takes a user without a host, which is no valid URL.
    if (!/^[^/?]*:\/\/[^/?@]*:[^/?@]+@/.test(url) && !/[?&]password=/.test(url)) return url;
    throw new UsageError(
      `${option} has a password, which other users of this machine can read`,
      "put it into ~/.pgpass, or into the file fleet.passwordFile of the config file",
    );
  };
}
