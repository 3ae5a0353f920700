/** The daemon's settings: flags > environment > config file > these defaults. */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LIMITS, type Limits } from "../protocol/system/config-limits.js";
import type { Config } from "../protocol/system/config-settings.js";
import { type LogLevel, logLevelFrom } from "../protocol/system/log-level.js";
import { type Places, socketPath, stateDir, userOpsDirs } from "../protocol/system/places.js";

export interface Settings extends Limits {
  stateDir: string;
  socket: string;
  /** All operations directories. The first one with a type counts. */
  opsDirs: string[];
  /** The operations directories that come with liveops. */
  shippedDirs: string[];
  /** The flags, with absolute paths: a restart passes them again. */
  flags: {
    ops: string[];
    concurrency: number | null;
    logLevel: LogLevel | null;
    metrics: string | null;
    fleet: { url: string | null; host: string | null; tags: string[] | null };
  };
  /**
   * Operations of the default queue that run at the same time. Default: the number of cores, at
   * least 2.
   */
  concurrency: number;
  /** Queues of the config file. */
  queues: Record<string, { concurrency?: number | undefined }>;
  /** All queues are paused at the start. */
  startsPaused: boolean;
  /** Patterns of the daemon's own environment variables that operations get. Default: none. */
  fromDaemon: string[];
  /** Runs the operations that a copied state directory holds. */
  runsQueued: boolean;
  /** The least severe level that is logged. Default: `info`. */
  logLevel: LogLevel;
  /** What features read: the config file with whole values. */
  config: Config;
}

interface SettingFlags extends Places {
  fleet?: string | undefined;
  host?: string | undefined;
  tags?: string[] | undefined;
  concurrency?: number | undefined;
  logLevel?: LogLevel | undefined;
  metrics?: string | undefined;
  runQueued?: boolean | undefined;
  paused?: boolean | undefined;
}

/** @throws UsageError where `LIVEOPS_DEBUG` has no valid value */
export function settingsFrom(
  flags: SettingFlags,
  env: Record<string, string | undefined>,
  config: Config,
): Settings {
  const shippedDirs = [fileURLToPath(new URL("./ops", import.meta.url))];
  return {
    stateDir: stateDir(flags, env, config),
    socket: socketPath(flags, env, config),
    opsDirs: [...new Set([...userOpsDirs(flags, env, config), ...shippedDirs])],
    shippedDirs,
    flags: {
      ops: (flags.ops ?? []).map((dir) => resolve(dir)),
      concurrency: flags.concurrency ?? null,
      logLevel: flags.logLevel ?? null,
      metrics: flags.metrics ?? null,
      fleet: { url: flags.fleet ?? null, host: flags.host ?? null, tags: flags.tags ?? null },
    },
    concurrency: flags.concurrency ?? config.concurrency ?? Math.max(2, availableParallelism()),
    queues: config.queues ?? {},
    startsPaused: flags.paused ?? false,
    fromDaemon: config.env?.fromDaemon ?? [],
    logLevel: logLevelFrom(flags.logLevel, env, config.logLevel),
    config,
    runsQueued: flags.runQueued ?? false,
    ...limitsFrom(config),
  };
}

function limitsFrom(config: Config): Limits {
  const names = Object.keys(LIMITS) as Array<keyof Limits>;
  return Object.fromEntries(
    names.map((name) => [name, config[name] ?? LIMITS[name].default]),
  ) as unknown as Limits;
}
