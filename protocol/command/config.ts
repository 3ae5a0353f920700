/**
 * The config file, read by every command and by the daemon: flags > environment > this file.
 *
 * Read on each start, synchronously; absent is an empty one, a broken one is wrong usage (exit 2).
 */
import { readFileSync } from "node:fs";
import { nearest } from "../nearest.js";
import { pathProblem } from "../owned-path.js";
import { configFile, type PlaceConfig } from "../places.js";
import { UsageError } from "./failures.js";

export interface Config extends PlaceConfig, Partial<Limits> {
  /** Operations that run at the same time. Default: as many as cores, at least 2. */
  concurrency?: number | undefined;
  /** How the dashboard tells that what it follows ended while its terminal had not the focus. Default: true. */
  notify?: Notify | undefined;
  /** `auto`, `off`, or the absolute path of a cgroup that is given to the daemon. Default: `auto`. */
  cgroup?: string | undefined;
}

/** `true`: the bell and a notification on the desktop; or one of them; or neither. */
export type Notify = boolean | "bell" | "desktop";

/** What bounds the daemon. */
export interface Limits {
  /** Operations that may wait; a chain's hand-off is never refused. */
  maxQueued: number;
  /** Bytes of parameters and environment that waiting operations may take together. */
  maxQueuedBytes: number;
  /** Bytes of a request's body. */
  maxBody: number;
  /**
   * Bytes the log of one attempt may take: the newest lines are kept, the cut is said in the log. The events but stages
   * and outcome, and stdout and stderr that are not yet in the log, may each take as much.
   */
  maxLog: number;
  /** Seconds that queued operations wait for a type that does not load, before they fail. 0: they fail at once. */
  maxTypeWait: number;
  /** Operations of a chain, at most: the last one fails where it hands over to another. */
  maxChainLength: number;
  /** Bytes of the daemon's own log; when it is full it becomes `liveopsd.log.1` and a new one is begun. */
  maxDaemonLog: number;
  /** Connections to the daemon's socket at a time; fewer where the limit of open files allows fewer. */
  maxConnections: number;
  /** Finished operations kept, the newest. */
  keepFinished: number;
  /** Days a finished operation is kept. */
  keepDays: number;
  /** How far operations give way to everything else: nice, 0 to 19. */
  nice: number;
}

const MiB = 1024 * 1024;

/** Each limit's default, and the least and the most it may be. */
export const LIMITS: Record<keyof Limits, { default: number; min: number; max: number }> = {
  maxQueued: { default: 10_000, min: 1, max: 1_000_000 },
  maxQueuedBytes: { default: 1024 * MiB, min: MiB, max: 1024 * 1024 * MiB },
  maxBody: { default: 4 * MiB, min: 1024, max: 64 * MiB },
  maxLog: { default: 64 * MiB, min: MiB / 16, max: 64 * 1024 * MiB },
  maxTypeWait: { default: 86_400, min: 0, max: 31_536_000 },
  maxChainLength: { default: 1000, min: 1, max: 10_000_000 },
  maxDaemonLog: { default: 10 * MiB, min: MiB / 16, max: 1024 * MiB },
  maxConnections: { default: 1024, min: 16, max: 100_000 },
  keepFinished: { default: 100_000, min: 0, max: 10_000_000 },
  keepDays: { default: 180, min: 0, max: 36_500 },
  nice: { default: 5, min: 0, max: 19 },
};

const KNOWN: readonly string[] = [
  "stateDir",
  "socket",
  "ops",
  "concurrency",
  "notify",
  "cgroup",
  ...Object.keys(LIMITS),
];

type Env = Record<string, string | undefined>;

/** @throws UsageError where the file is there but is not what it must be, or another user could have written it. */
export function readConfig(env: Env = process.env): Config {
  const file = configFile(env);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw new UsageError(`the config file cannot be read: ${message}`);
  }
  // It names directories whose code is run.
  const problem = pathProblem(file);
  if (problem !== null) throw new UsageError(`the config file is not used: ${problem}`);
  return checked(parse(text, file), file);
}

function parse(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must hold a JSON object, such as {"concurrency": 4}`);
  }
  return value as Record<string, unknown>;
}

function checked(value: Record<string, unknown>, file: string): Config {
  const { stateDir, socket, ops, concurrency, notify, cgroup } = value;
  const must = (holds: boolean, text: string) => {
    if (!holds) throw new UsageError(`${file}: ${text}`);
  };
  const path = (it: unknown) => it === undefined || (typeof it === "string" && it !== "");
  must(path(stateDir), "stateDir must be a path");
  must(path(socket), "socket must be a path");
  must(
    ops === undefined || (Array.isArray(ops) && ops.every((it) => typeof it === "string")),
    "ops must be a list of paths",
  );
  must(
    concurrency === undefined || (Number.isInteger(concurrency) && (concurrency as number) >= 1),
    "concurrency must be a whole number from 1",
  );
  must(
    notify === undefined || typeof notify === "boolean" || notify === "bell" || notify === "desktop",
    'notify must be true, false, "bell" or "desktop"',
  );
  must(
    cgroup === undefined ||
      cgroup === "auto" ||
      cgroup === "off" ||
      (typeof cgroup === "string" && cgroup.startsWith("/")),
    'cgroup must be "auto", "off" or an absolute path',
  );
  for (const name of Object.keys(value)) {
    if (KNOWN.includes(name)) continue;
    const [near] = nearest(name, KNOWN);
    const hint = near ? `did you mean ${near}?` : `there are: ${KNOWN.join(", ")}`;
    must(false, `there is no setting ${JSON.stringify(name)}; ${hint}`);
  }
  const limits: Partial<Limits> = {};
  for (const [name, { min, max }] of Object.entries(LIMITS) as Array<
    [keyof Limits, (typeof LIMITS)["nice"]]
  >) {
    const given = value[name];
    if (given === undefined) continue;
    const fits = Number.isInteger(given) && (given as number) >= min && (given as number) <= max;
    must(fits, `${name} must be a whole number from ${min} to ${max}`);
    limits[name] = given as number;
  }
  return { stateDir, socket, ops, concurrency, notify, cgroup, ...limits } as Config;
}
