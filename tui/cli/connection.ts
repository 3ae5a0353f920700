/** Helpers for commands that call the daemon: the client, and one action on several operations. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { starterFor, waitingClient } from "../../protocol/client/find-daemon.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import type { Config } from "../../protocol/system/config-settings.js";
import type { OnInvalidConfig } from "../../protocol/system/usable-config.js";
import { allOptions, commandPlaces, type GlobalOptions, reportTo } from "../kit/options.js";
import { type ReportTo, report, say } from "../kit/report.js";

type Starter = (...args: Parameters<typeof starterFor>) => (() => Promise<void>) | null;

interface Connected<T> {
  client: Client;
  to: ReportTo;
  options: T & GlobalOptions;
  config: Config;
  stateDir: string;
}

/** A client for the daemon that the command's options select. */
export function connectFor<T>(command: Command): Promise<Connected<T>> {
  return connect(command, () => null, "warn");
}

/**
 * As `connectFor`, for a command that makes the daemon run something: `autostart` starts the daemon
 * where none runs. Without the settings of the file, such as limits and channels, nothing may
 * begin.
 *
 * @throws UsageError for an invalid config file
 */
export function connectOrStart<T>(command: Command): Promise<Connected<T>> {
  return connect(command, starterFor, "throw");
}

async function connect<T>(
  command: Command,
  starter: Starter,
  onInvalid: OnInvalidConfig,
): Promise<Connected<T>> {
  const options = allOptions<T & GlobalOptions>(command);
  const places = await commandPlaces(options, process.env, onInvalid);
  const { config, stateDir } = places;
  const client = waitingClient(places, options, starter(places, options));
  const to = reportTo(command);
  client.onWarning = (line) => say(to, `warning: ${line}`, "yellow");
  return { client, to, options, config, stateDir };
}

/**
 * Runs `work` for each id or name, in their order. A refusal is reported, and the others are
 * processed all the same.
 *
 * @returns the exit code of the first refusal; 0 where there was none
 */
export async function forEachId(
  ids: string[],
  to: ReportTo,
  work: (id: string) => Promise<void>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  for (const id of ids) {
    try {
      await work(id);
    } catch (error) {
      const its = await report(error, to);
      // Without a daemon, or after Ctrl-C, the others would fail too.
      if (its === EXIT.noDaemon || its === EXIT.interrupted) return its;
      if (code === EXIT.done) code = its;
    }
  }
  return code;
}
