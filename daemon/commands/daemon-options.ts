/** With what a daemon is started, by `start` and `restart`. */

import type { GlobalOptions } from "../../protocol/command/daemon-address.js";
import type { LogLevel } from "../../protocol/command/log-level.js";

export interface DaemonOptions extends GlobalOptions {
  ops?: string[];
  concurrency?: number;
  logLevel?: LogLevel;
}

export interface StartOptions extends DaemonOptions {
  foreground?: boolean;
}

export function isConcurrency(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 1000;
}

/** The flags again as words, for the daemon's own process. */
export function asWords(options: DaemonOptions): string[] {
  const words: string[] = [];
  if (options.socket) words.push("--socket", options.socket);
  if (options.stateDir) words.push("--state-dir", options.stateDir);
  for (const dir of options.ops ?? []) words.push("--ops", dir);
  if (options.concurrency) words.push("--concurrency", String(options.concurrency));
  if (options.logLevel) words.push("--log-level", options.logLevel);
  return words;
}
