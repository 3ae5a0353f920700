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
import { isLogLevel, LOG_LEVELS, type LogLevel } from "./log-level.js";

export interface Config extends PlaceConfig, Partial<Limits> {
  concurrency?: number | undefined;
  notify?: Notify | undefined;
  /** `auto`, `off`, or the absolute path of a cgroup that is given to the daemon. */
  cgroup?: string | undefined;
  logLevel?: LogLevel | undefined;
}

/** `true`: the bell and a desktop notification; or one of them; or neither. */
export type Notify = boolean | "bell" | "desktop";

/** What bounds the daemon; `LIMITS` gives the meaning and the unit of each. */
export type Limits = Record<keyof typeof LIMITS, number>;

/** A whole number in the config file. */
interface Limit {
  default: number;
  min: number;
  max: number;
  description: string;
}

const MiB = 1024 * 1024;

/** Each limit's default, and the least and the most it may be. The table of docs/configuration.md is made of it. */
export const LIMITS = {
  maxQueued: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description: "Operations that may be queued; the next operation of a chain is never refused",
  },
  maxQueuedBytes: {
    default: 1024 * MiB,
    min: MiB,
    max: 1024 * 1024 * MiB,
    description: "Bytes of parameters and environment that queued operations may take together",
  },
  maxBody: {
    default: 4 * MiB,
    min: 1024,
    max: 64 * MiB,
    description: "Bytes of a request body",
  },
  maxLog: {
    default: 64 * MiB,
    min: MiB / 16,
    max: 64 * 1024 * MiB,
    description:
      "Bytes of the log of one attempt; older lines are removed, and a line says so. The events and the unread output may take as much each",
  },
  maxTypeWait: {
    default: 86_400,
    min: 0,
    max: 31_536_000,
    description:
      "Seconds that queued operations wait for a type that does not load; with 0 they fail at once",
  },
  maxChainLength: {
    default: 1000,
    min: 1,
    max: 10_000_000,
    description: "Operations of a chain; the last one fails where it would start another",
  },
  maxDaemonLog: {
    default: 10 * MiB,
    min: MiB / 16,
    max: 1024 * MiB,
    description: "Bytes of `liveopsd.log`; a full log is renamed to `liveopsd.log.1`",
  },
  maxConnections: {
    default: 1024,
    min: 16,
    max: 100_000,
    description: "Open connections to the socket; fewer where the limit of open files is low",
  },
  keepFinished: {
    default: 100_000,
    min: 0,
    max: 10_000_000,
    description: "Finished operations to keep; the oldest are removed first",
  },
  keepDays: {
    default: 180,
    min: 0,
    max: 36_500,
    description: "Days to keep a finished operation; a jump of the system clock does not count",
  },
  nice: {
    default: 5,
    min: 0,
    max: 19,
    description: "Niceness of the processes of operations; a higher number gives way to more",
  },
} as const satisfies Record<string, Limit>;

/** The settings that are not limits: meaning and default, in Markdown, for docs/configuration.md. */
export const SETTINGS: Record<
  Exclude<keyof Config, keyof Limits>,
  { description: string; default: string }
> = {
  stateDir: { description: "State directory", default: "see [Places](#places)" },
  socket: { description: "Socket of the daemon", default: "see [Places](#places)" },
  ops: {
    description: "List of operations directories, searched after those of `--ops` and `$LIVEOPS_OPS`",
    default: "`[]`",
  },
  concurrency: {
    description: "Operations that run at the same time",
    default: "number of cores, at least 2",
  },
  notify: {
    description:
      'Notification of the dashboard when an operation ends out of sight: `true`, `"bell"`, `"desktop"`, `false`',
    default: "`true` (both)",
  },
  cgroup: {
    description: 'cgroup for operations: `"auto"`, `"off"` or a path; see [Containment](#containment)',
    default: '`"auto"`',
  },
  logLevel: {
    description: `Level of the daemon's log: ${LOG_LEVELS.map((level) => `\`"${level}"\``).join(", ")}`,
    default: '`"info"`',
  },
};

const KNOWN: readonly string[] = [...Object.keys(SETTINGS), ...Object.keys(LIMITS)];

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
  const { stateDir, socket, ops, concurrency, notify, cgroup, logLevel } = value;
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
  must(
    logLevel === undefined || (typeof logLevel === "string" && isLogLevel(logLevel)),
    `logLevel must be one of: ${LOG_LEVELS.join(", ")}`,
  );
  for (const name of Object.keys(value)) {
    if (KNOWN.includes(name)) continue;
    const [near] = nearest(name, KNOWN);
    const hint = near ? `did you mean ${near}?` : `there are: ${KNOWN.join(", ")}`;
    must(false, `there is no setting ${JSON.stringify(name)}; ${hint}`);
  }
  const limits: Partial<Limits> = {};
  for (const [name, { min, max }] of Object.entries(LIMITS) as Array<[keyof Limits, Limit]>) {
    const given = value[name];
    if (given === undefined) continue;
    const fits = Number.isInteger(given) && (given as number) >= min && (given as number) <= max;
    must(fits, `${name} must be a whole number from ${min} to ${max}`);
    limits[name] = given as number;
  }
  return { stateDir, socket, ops, concurrency, notify, cgroup, logLevel, ...limits } as Config;
}
