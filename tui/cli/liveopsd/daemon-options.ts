/** The options with which `start` and `restart` start a daemon. */
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { isAddress, parseAddress, remoteOf } from "../../../protocol/client/address.js";
import type { GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { UsageError } from "../../../protocol/failures.js";
import {
  formatMetricsAddress,
  METRICS_ADDRESS,
  parseMetricsAddress,
} from "../../../protocol/features/metrics/metrics-address.js";
import { parseTraces, TRACES_ENDPOINT } from "../../../protocol/features/traces/setting.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../../../protocol/host-names.js";
import { withoutNull } from "../../../protocol/objects.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import {
  DEFAULT_LOG_LEVEL,
  isLogLevel,
  LOG_LEVELS,
  type LogLevel,
} from "../../../protocol/system/log-level.js";
import { urlWithoutPassword } from "../../features/fleet/fleet-client.js";
import { type ReportTo, say } from "../../kit/report.js";

export interface DaemonOptions extends GlobalOptions {
  ops?: string[];
  concurrency?: number;
  logLevel?: LogLevel;
  metrics?: string;
  traces?: string;
  runQueued?: boolean;
  paused?: boolean;
  host?: string;
  tags?: string[];
}

/** The value of `--metrics` and `--traces` that turns them off, also against the config file and an earlier flag. */
export const NONE = "none";

export interface StartOptions extends DaemonOptions {
  foreground?: boolean;
  takeOver?: boolean;
}

function isConcurrency(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 1000;
}

/** In the order in which a command line names them. */
const FLAGS = {
  ...{ socket: "--socket", stateDir: "--state-dir", ops: "--ops", concurrency: "--concurrency" },
  ...{ logLevel: "--log-level", metrics: "--metrics", traces: "--traces", runQueued: "--run-queued" },
  ...{ paused: "--paused", fleet: "--fleet", host: "--host", tags: "--tags" },
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

/** The options that no other place gives: with them a daemon differs from one that was started without options. */
export function ownWords({ socket: _, stateDir: __, ...options }: DaemonOptions): string[] {
  return asWords(options);
}

/** Both paths: a state directory alone would move the socket. Otherwise only flags: the config may have changed. */
export function optionsOf({ socket, stateDir, flags }: DaemonReply): DaemonOptions {
  const { ops, fleet, ...others } = flags;
  const { url, host, tags } = fleet;
  return { socket, stateDir, ops, ...withoutNull({ ...others, fleet: url, host, tags }) };
}

/** Reports the paths of `--ops` that do not exist. Not refused: they may be made later, and are read each time. */
export function warnOfMissing({ ops = [] }: DaemonOptions, to: ReportTo): void {
  for (const dir of ops) {
    if (!existsSync(dir)) say(to, `--ops ${dir}: there is no such directory or file yet`, "yellow");
  }
}

/** Adds the flags with which a daemon is started. */
export function withDaemonFlags(command: Command): Command {
  return command
    .option(
      "--ops <path>",
      "Directory of operation files, or one file (repeatable)",
      (path: string, paths: string[] = []) => [...paths, path],
    )
    .option(
      "--concurrency <n>",
      "Operations of the default queue that run at the same time (default: number of cores, at least 2)",
      wholeNumber,
    )
    .option(
      "--log-level <level>",
      `Level of the daemon's log: ${LOG_LEVELS.join(", ")} (default: ${DEFAULT_LOG_LEVEL})`,
      logLevel,
    )
    .option(
      "--metrics <address>",
      "Serve GET /metrics for Prometheus on this TCP address, such as 127.0.0.1:9464; none: only on the socket (default: as in the config file)",
      metricsAddress,
    )
    .option(
      "--traces <url>",
      "Send OpenTelemetry traces to this OTLP/HTTP collector, such as http://127.0.0.1:4318; env: the one of OTEL_EXPORTER_OTLP_ENDPOINT; none: no traces (default: as in the config file)",
      tracesUrl,
    )
    .option("--run-queued", "Run the queued operations of a copied state directory, which are held otherwise")
    .option("--paused", "Pause all queues at the start: liveops resume --all starts their operations")
    .option("--fleet <url>", "Join the fleet of this PostgreSQL database", urlWithoutPassword("--fleet"))
    .option("--host <name>", "Name of this host in the fleet (default: that of the machine)", hostName)
    .option("--tags <tags>", "Tags of this host in the fleet, such as gpu,eu", tagList);
}

function hostName(text: string): string {
  if (isAddress(text)) {
    const remote = remoteOf(parseAddress(text).options.remote);
    throw new UsageError(
      "--host is the name of this machine in its fleet, and not an address",
      remote === null
        ? "give a name such as a.example.com"
        : `to start the daemon there, run: ${remote.commandLine(["liveops", "start"])}`,
    );
  }
  if (!HOST_PATTERN.test(text) || text.length > MAX_HOST)
    throw new InvalidArgumentError("Give letters, digits and . _ -, such as a.example.com.");
  return text;
}

function tagList(text: string): string[] {
  const tags = text.split(",").filter((tag) => tag !== "");
  const wrong = tags.find((tag) => !TAG_PATTERN.test(tag) || tag.length > MAX_TAG);
  if (wrong !== undefined)
    throw new InvalidArgumentError(
      `${JSON.stringify(wrong)} is not a tag: give letters, digits and . _ : = / -.`,
    );
  if (tags.length > MAX_TAGS) throw new InvalidArgumentError(`Give at most ${MAX_TAGS} tags.`);
  return tags;
}

function logLevel(text: string): LogLevel {
  if (!isLogLevel(text)) throw new InvalidArgumentError(`Choose one of: ${LOG_LEVELS.join(", ")}.`);
  return text;
}

function metricsAddress(text: string): string {
  if (text === NONE) return NONE;
  const address = parseMetricsAddress(text);
  if (address === null) throw new InvalidArgumentError(`Give ${METRICS_ADDRESS}; or ${NONE}.`);
  return formatMetricsAddress(address);
}

/** The error does not repeat the URL, as those of the argument parser do: it may hold a password. */
function tracesUrl(text: string): string {
  if (text === NONE) return NONE;
  const url = parseTraces(text);
  if (url !== null) return url;
  throw new UsageError(
    `--traces must be ${TRACES_ENDPOINT}, or ${NONE}`,
    "secrets belong in the variable OTEL_EXPORTER_OTLP_HEADERS, or in traces.headers of the config file",
  );
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!isConcurrency(n)) throw new InvalidArgumentError("Give a whole number from 1 to 1000.");
  return n;
}
