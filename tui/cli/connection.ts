/** Helpers for commands that call the daemon: the client, one action on several operations, Ctrl-C. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { InterruptedError } from "../../protocol/command/failures.js";
import { allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { type ReportTo, report } from "../../protocol/command/report.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";

interface Connected<T> {
  client: Client;
  options: T & GlobalOptions;
}

/** A client for the daemon that the command's options select. */
export function connect<T>(command: Command): Connected<T> {
  const options = allOptions<T & GlobalOptions>(command);
  return { client: new Client(commandPlaces(options).socket), options };
}

/**
 * Runs `work` for each operation. A refusal is reported, and the remaining operations are still processed.
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
      const its = report(error, to);
      // Without a daemon, or after Ctrl-C, the remaining operations would fail too.
      if (its === EXIT.noDaemon || its === EXIT.interrupted) return its;
      if (code === EXIT.done) code = its;
    }
  }
  return code;
}

/**
 * Runs the work with a signal that SIGINT and SIGTERM abort with an InterruptedError (exit code 130).
 *
 * @param message called at the signal, because the watched operation changes along a chain
 */
export async function interruptible<T>(
  message: () => string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new InterruptedError(message()));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
