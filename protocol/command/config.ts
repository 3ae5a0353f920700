/**
 * Reads the config file, for every command and the daemon. Flags and the environment override this file.
 *
 * Each start reads the file, synchronously. A missing file counts as empty; an invalid one is wrong usage (exit 2).
 */
import { readFileSync } from "node:fs";
import { patternProblem } from "../environment.js";
import { nearest } from "../nearest.js";
import { pathProblem } from "../owned-path.js";
import { configFile, type PlaceConfig } from "../places.js";
import { UsageError } from "./failures.js";
import { isLogLevel, LOG_LEVELS, type LogLevel } from "./log-level.js";

export interface Config extends PlaceConfig, Partial<Limits> {
  concurrency?: number | undefined;
  notify?: Notify | undefined;
  /** `auto`, `off`, or the absolute path of a cgroup that is delegated to the daemon. */
  cgroup?: string | undefined;
  logLevel?: LogLevel | undefined;
  env?: EnvironmentConfig | undefined;
}

/** Which environment variables reach an operation, as patterns of `protocol/environment.ts`. */
export interface EnvironmentConfig {
  /** What a submit sends besides the base. Default: `ALLOWED_VARIABLES`. */
  allow?: string[] | undefined;
  /** What an operation gets from the daemon's own environment besides the base. Default: none. */
  fromDaemon?: string[] | undefined;
}

/** `true`: bell and desktop notification; `"bell"` or `"desktop"`: one of them; `false`: none. */
export type Notify = boolean | "bell" | "desktop";

/** Limits of the daemon; `LIMITS` gives the meaning and the unit of each. */
export type Limits = Record<keyof typeof LIMITS, number>;

/** A limit in the config file: an integer. */
interface Limit {
  default: number;
  min: number;
  max: number;
  description: string;
}

const MiB = 1024 * 1024;

/** Default, minimum, maximum and meaning of each limit. `npm run docs` writes the table of docs/configuration.md. */
export const LIMITS = {
  maxQueued: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description: "Operations in the queue at most; the next operation of a chain is never rejected",
  },
  maxQueuedBytes: {
    default: 1024 * MiB,
    min: MiB,
    max: 1024 * 1024 * MiB,
    description: "Bytes of parameters and environment of all queued operations at most",
  },
  maxBody: {
    default: 4 * MiB,
    min: 1024,
    max: 64 * MiB,
    description: "Bytes of a request body at most",
  },
  maxLog: {
    default: 64 * MiB,
    min: MiB / 16,
    max: 64 * 1024 * MiB,
    description:
      "Bytes of the log of one attempt at most; the oldest lines are removed, and a line reports it. The events and the unread output have the same limit each",
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
    description: "Operations in a chain at most; the last one fails if it starts another",
  },
  maxDaemonLog: {
    default: 10 * MiB,
    min: MiB / 16,
    max: 1024 * MiB,
    description: "Bytes of `liveopsd.log` at most; a full log is renamed to `liveopsd.log.1`",
  },
  maxConnections: {
    default: 1024,
    min: 16,
    max: 100_000,
    description: "Open connections to the socket at most; fewer if the limit of open files is low",
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
    description: "Days to keep a finished operation; jumps of the system clock are ignored",
  },
  nice: {
    default: 5,
    min: 0,
    max: 19,
    description: "Niceness of the processes of operations; a higher number means a lower priority",
  },
} as const satisfies Record<string, Limit>;

/** Meaning and default of the other settings, in Markdown, for docs/configuration.md. */
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
      'Notification of the dashboard when an operation that is not shown finishes: `true`, `"bell"`, `"desktop"`, `false`',
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
  env: {
    description:
      "Environment variables that reach an operation: an object with the lists `allow` and `fromDaemon`; see [Environment of an operation](#environment-of-an-operation)",
    default: "see there",
  },
};

const KNOWN: readonly string[] = [...Object.keys(SETTINGS), ...Object.keys(LIMITS)];

type Env = Record<string, string | undefined>;

/** @throws UsageError if the file exists but is not valid or not readable, or if another user could have written it */
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
  // Checked because the file names directories whose code is executed.
  const problem = pathProblem(file);
  if (problem !== null) throw new UsageError(`the config file is not used: ${problem}`);
  return checked(parse(text, file), file);
}

function parse(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must hold a JSON object, such as {"concurrency": 4}`);
  }
  return value as Record<string, unknown>;
}

function checked(value: Record<string, unknown>, file: string): Config {
  const { stateDir, socket, ops, concurrency, notify, cgroup, logLevel, env } = value;
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
    "concurrency must be a whole number of at least 1",
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
  const environment = environmentProblem(env);
  must(environment === null, `env ${environment}`);
  const unknown = unknownSetting(value, KNOWN);
  must(unknown === null, `unknown setting ${unknown}`);
  const limits: Partial<Limits> = {};
  for (const [name, { min, max }] of Object.entries(LIMITS) as Array<[keyof Limits, Limit]>) {
    const given = value[name];
    if (given === undefined) continue;
    const fits = Number.isInteger(given) && (given as number) >= min && (given as number) <= max;
    must(fits, `${name} must be a whole number from ${min} to ${max}`);
    limits[name] = given as number;
  }
  return { stateDir, socket, ops, concurrency, notify, cgroup, logLevel, env, ...limits } as Config;
}

const ENVIRONMENT_KEYS = ["allow", "fromDaemon"] satisfies Array<keyof EnvironmentConfig>;

function environmentProblem(env: unknown): string | null {
  if (env === undefined) return null;
  if (typeof env !== "object" || env === null || Array.isArray(env))
    return 'must be an object, such as {"allow": ["AWS_*"]}';
  const unknown = unknownSetting(env, ENVIRONMENT_KEYS);
  if (unknown !== null) return `has no setting ${unknown}`;
  for (const name of ENVIRONMENT_KEYS) {
    const patterns: unknown = (env as EnvironmentConfig)[name];
    if (patterns === undefined) continue;
    if (!Array.isArray(patterns)) return `${name} must be a list of names, such as ["AWS_*"]`;
    const problem = patterns.map(patternProblem).find((each) => each !== null);
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  return null;
}

/** The first key that is not known, with a hint; null if all are known. */
function unknownSetting(value: object, known: readonly string[]): string | null {
  const name = Object.keys(value).find((each) => !known.includes(each));
  if (name === undefined) return null;
  const [near] = nearest(name, known);
  return `${JSON.stringify(name)}; ${near ? `did you mean ${near}?` : `settings: ${known.join(", ")}`}`;
}
