/** The level of the daemon's log: flag, else environment, else config file, else `info`. */
import { UsageError } from "../failures.js";

/** Least severe first; each level includes the later ones. `silent` logs nothing. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_LOG_LEVEL: LogLevel = "info";

/** Values of `LIVEOPS_DEBUG` that are not level names. */
const DEBUG_SWITCHES: Record<string, LogLevel | null> = {
  "1": "debug",
  true: "debug",
  yes: "debug",
  on: "debug",
  "": null,
  "0": null,
  false: null,
  no: null,
  off: null,
};

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/**
 * Chooses the log level.
 *
 * `LIVEOPS_DEBUG` is a switch (`1` selects `debug`) or the name of a level.
 *
 * @throws UsageError if the flag or `LIVEOPS_DEBUG` has no valid value; the message lists the
 *   levels
 */
export function logLevelFrom(
  flag: string | undefined,
  env: Record<string, string | undefined>,
  configured: LogLevel | undefined,
): LogLevel {
  if (flag !== undefined) {
    if (!isLogLevel(flag)) throw new UsageError(notALevel("--log-level", flag));
    return flag;
  }
  const variable = env.LIVEOPS_DEBUG?.trim().toLowerCase() ?? "";
  if (isLogLevel(variable)) return variable;
  if (!Object.hasOwn(DEBUG_SWITCHES, variable))
    throw new UsageError(`${notALevel("LIVEOPS_DEBUG", env.LIVEOPS_DEBUG ?? "")}, or 1 for debug`);
  return DEBUG_SWITCHES[variable] ?? configured ?? DEFAULT_LOG_LEVEL;
}

function notALevel(name: string, value: string): string {
  return `${name}: '${value}' is not a log level; choose one of: ${LOG_LEVELS.join(", ")}`;
}
