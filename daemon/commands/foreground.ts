/** The daemon in this very process. Forked by `launch`, it tells its parent when it answers, or why it cannot. */

import { keepCompileCache, useCompileCache } from "../../protocol/command/compile-cache.js";
import { readConfig } from "../../protocol/command/config.js";
import { type ReportTo, report, say } from "../../protocol/command/report.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import { daemonBundle } from "./daemon-bundle.js";
import type { DaemonOptions } from "./daemon-options.js";

/** What the forked daemon says to the command that started it, once. */
export type LaunchReport =
  | { type: "answers"; pid: number }
  | { type: "taken"; message: string }
  | { type: "failed"; message: string; code: ExitCode };

export async function runForeground(options: DaemonOptions, to: ReportTo): Promise<ExitCode> {
  useCompileCache();
  const { AlreadyRunningError, PlaceError, runDaemon, settingsFrom } = daemonBundle();
  const isChild = process.send !== undefined;
  try {
    await runDaemon(settingsFrom(options, process.env, readConfig()), !isChild, () => {
      tell({ type: "answers", pid: process.pid });
      keepCompileCache();
    });
    return EXIT.done;
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof AlreadyRunningError) {
      tell({ type: "taken", message });
      if (!isChild) say(to, message);
      return EXIT.refused;
    }
    if (error instanceof PlaceError) {
      tell({ type: "failed", message, code: EXIT.usage });
      if (!isChild) say(to, message);
      return EXIT.usage;
    }
    tell({ type: "failed", message, code: EXIT.fault });
    return report(error, to);
  }
}

function tell(message: LaunchReport): void {
  if (!process.send || !process.connected) return;
  process.send(message, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
}
