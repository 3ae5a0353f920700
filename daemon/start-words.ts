/**
 * The options with which a daemon is started, as they are given, and as the words of a command
 * line.
 */
import type { GlobalOptions } from "../protocol/client/daemon-address.js";
import { withoutNull } from "../protocol/objects.js";
import type { LogLevel } from "../protocol/system/log-level.js";
import type { Settings } from "./settings.js";

export interface DaemonOptions extends GlobalOptions {
  ops?: string[];
  concurrency?: number;
  logLevel?: LogLevel;
  metrics?: string;
  runQueued?: boolean;
  paused?: boolean;
  fleet?: string;
  host?: string;
  tags?: string[];
}

/** In the order in which a command line names them. */
const FLAGS = {
  socket: "--socket",
  stateDir: "--state-dir",
  ops: "--ops",
  concurrency: "--concurrency",
  logLevel: "--log-level",
  metrics: "--metrics",
  runQueued: "--run-queued",
  paused: "--paused",
  fleet: "--fleet",
  host: "--host",
  tags: "--tags",
} as const;

/** The options as command-line words, for the daemon's own process. */
export function asWords(options: DaemonOptions): string[] {
  const given = { ...options, tags: options.tags?.join(",") };
  return Object.entries(FLAGS).flatMap(([name, flag]) => {
    const value = given[name as keyof typeof FLAGS];
    if (!value) return [];
    return value === true ? [flag] : [value].flat().flatMap((each) => [flag, String(each)]);
  });
}

/**
 * The options that no other place gives: with them a daemon differs from one that was started
 * without options.
 */
export function ownWords({ socket: _, stateDir: __, ...options }: DaemonOptions): string[] {
  return asWords(options);
}

/**
 * Both paths: a state directory alone would move the socket. Otherwise only flags: the config may
 * have changed.
 */
export function optionsOf({
  socket,
  stateDir,
  flags,
}: Pick<Settings, "socket" | "stateDir" | "flags">): DaemonOptions {
  const { ops, fleet, ...others } = flags;
  const { url, host, tags } = fleet;
  return { socket, stateDir, ops, ...withoutNull({ ...others, fleet: url, host, tags }) };
}
