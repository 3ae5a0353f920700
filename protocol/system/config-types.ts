/**
 * The settings of the config file, and the default, bounds and meaning of each limit. The tables also make the JSON Schema
 * (`config-schema.ts`) and the table of docs/configuration.md.
 */
import type { Hook } from "../hooks.js";
import type { LogLevel } from "./log-level.js";
import type { PlaceConfig } from "./places.js";

export interface Config extends PlaceConfig, Partial<Limits> {
  concurrency?: number | undefined;
  /** Queues besides the default queue, by name. */
  queues?: Record<string, { concurrency?: number | undefined }> | undefined;
  /** Commands for `sh -c`. */
  hooks?: Partial<Record<Hook, string>> | undefined;
  notify?: Notify | undefined;
  /** `auto`, `dark`, `light`, `16`, or hexadecimal colours by role. */
  theme?: ThemeSetting | undefined;
  mouse?: boolean | undefined;
  links?: boolean | undefined;
  /** Keys of the dashboard by the name of the action. */
  keys?: Record<string, string | string[]> | undefined;
  /** `auto`, `off`, or the absolute path of a cgroup that is delegated to the daemon. */
  cgroup?: string | undefined;
  logLevel?: LogLevel | undefined;
  autostart?: boolean | undefined;
  /** TCP address that serves the metrics. */
  metrics?: string | undefined;
  /** In the file also the URL alone. */
  traces?: TracesConfig | undefined;
  env?: EnvironmentConfig | undefined;
  fleet?: FleetConfig | undefined;
}

/** The collector of the daemon's traces. */
export interface TracesConfig {
  /** Whole URL, or `env`. */
  url: string;
  /** Names of the variables of the daemon's environment that have the values of headers, by header. */
  headers?: Record<string, string> | undefined;
}

/** The fleet that a daemon joins, and that commands reach without a daemon. */
export interface FleetConfig {
  /** URL of the PostgreSQL database. */
  url?: string | undefined;
  /** Absolute; mode 0600. */
  passwordFile?: string | undefined;
  /** Name of this host. */
  host?: string | undefined;
  tags?: string[] | undefined;
  /** Seconds. */
  lostAfter?: number | undefined;
}

/** Seconds without a renewal after which a host of a fleet counts as lost, without a setting. */
export const LOST_AFTER = 300;

/** The least and the most of it. With less, a busy machine could not end its work before a peer takes it over. */
export const LOST_AFTER_RANGE = { least: 3, most: 86_400 } as const;

/** Which environment variables reach an operation, as patterns of `protocol/environment.ts`. */
export interface EnvironmentConfig {
  /** What a submit sends besides the base. Default: `ALLOWED_VARIABLES`. */
  allow?: string[] | undefined;
  /** What an operation gets from the daemon's own environment besides the base. Default: none. */
  fromDaemon?: string[] | undefined;
}

/** `true`: bell and desktop notification; `"bell"` or `"desktop"`: one of them; `false`: none. */
export type Notify = boolean | "bell" | "desktop";

export type ThemeSetting = "auto" | "dark" | "light" | "16" | Record<string, string>;

/** Colours of the dashboard that a theme can set. */
export const THEME_ROLES = ["accent", "good", "bad", "warn", "muted", "track", "border"] as const;

/** Limits of the daemon; `LIMITS` gives the meaning and the unit of each. */
export type Limits = Record<keyof typeof LIMITS, number>;

/** A limit in the config file: an integer. */
export interface Limit {
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
      "Bytes of the newest log lines of an attempt that are kept, as stored; a line reports the cut. The events and the unread output have the same limit each",
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
  hookTimeout: {
    default: 30,
    min: 1,
    max: 86_400,
    description: "Seconds that a hook may run; then it is killed",
  },
  stallAfter: {
    default: 600,
    min: 1,
    max: 31_536_000,
    description: "Seconds without an event or a log line after which the hook `onStall` runs",
  },
  nice: {
    default: 5,
    min: 0,
    max: 19,
    description: "Niceness of the processes of operations; a higher number means a lower priority",
  },
} as const satisfies Record<string, Limit>;
