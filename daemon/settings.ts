/** What the daemon runs with: flags > environment > config file > these defaults. */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../protocol/command/config.js";
import { type PlaceFlags, socketPath, stateDir, userOpsDirs } from "../protocol/places.js";

export interface Settings {
  stateDir: string;
  socket: string;
  /** All operations directories, strongest first. */
  opsDirs: string[];
  /** Those of them that come with liveops. */
  shippedDirs: string[];
  /** What was said by flags, paths made absolute: a restart says it again. */
  flags: { ops: string[]; concurrency: number | null };
  /** Operations that run at the same time. Default: as many as cores, at least 2. */
  concurrency: number;
  /** Operations that may wait. Default 10,000; a chain's hand-off is never refused. */
  maxQueued: number;
  /** Bytes of a request's body. Default 4 MiB. */
  maxBody: number;
  /** How far operations give way to everything else (nice, 0 to 19). Default 5. */
  nice: number;
}

export interface SettingFlags extends PlaceFlags {
  concurrency?: number | undefined;
}

export function settingsFrom(
  flags: SettingFlags,
  env: Record<string, string | undefined>,
  config: Config,
): Settings {
  const shippedDirs = ["./ops", "./ops/examples"].map((dir) => fileURLToPath(new URL(dir, import.meta.url)));
  return {
    stateDir: stateDir(flags, env, config),
    socket: socketPath(flags, env, config),
    opsDirs: [...new Set([...userOpsDirs(flags, env, config), ...shippedDirs])],
    shippedDirs,
    flags: {
      ops: (flags.ops ?? []).map((dir) => resolve(dir)),
      concurrency: flags.concurrency ?? null,
    },
    concurrency: flags.concurrency ?? config.concurrency ?? Math.max(2, availableParallelism()),
    maxQueued: 10_000,
    maxBody: 4 * 1024 * 1024,
    nice: 5,
  };
}
