/**
 * The config file for a command that must work with an invalid one: a typing error in the file must
 * not keep a person from the running operations. The problem is reported on stderr, once for each
 * process.
 */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { paintFor } from "../text/colour.js";
import { sanitize } from "../text/sanitize.js";
import type { UsableConfig } from "./config.js";
import type { Config } from "./config-settings.js";
import { configFile } from "./places.js";

type Env = Record<string, string | undefined>;

/** What to do about an invalid file. `warn` and `ignore` use its valid settings. */
export type OnInvalidConfig = "warn" | "ignore" | "throw";

let isReported = false;

/**
 * @param namesPlaces the command line or the environment names the state directory or the socket
 * @throws UsageError for `throw`
 */
export async function usableConfig(
  onInvalid: OnInvalidConfig,
  env: Env,
  namesPlaces: boolean,
): Promise<Config> {
  // Most people have no file: their commands do not load what reads one.
  if (hasNoFile(env)) return {};
  const { readConfig, readUsableConfig } = await import("./config.js");
  if (onInvalid === "throw") return readConfig(env);
  const read = readUsableConfig(env);
  if (read.problem !== null && onInvalid === "warn" && !isReported) {
    isReported = true;
    const name = basename(process.argv[1] ?? "liveops").replace(/\.\w+$/, "");
    const [first, ...rest] = invalidConfigLines(read, namesPlaces).map((line) => sanitize(line));
    const prefix = paintFor(process.stderr)("yellow", `${name}:`);
    process.stderr.write(`${[`${prefix} ${first}`, ...rest].join("\n")}\n`);
  }
  return read.config;
}

/** False also where only reading the file tells. */
function hasNoFile(env: Env): boolean {
  try {
    return (
      !env.LIVEOPS_CONFIG && statSync(configFile(env), { throwIfNoEntry: false }) === undefined
    );
  } catch {
    return false;
  }
}

/** The problem of an invalid file, and what the command does without it. Pure. */
export function invalidConfigLines(
  { config, problem, hidesPlaces }: UsableConfig,
  namesPlaces: boolean,
): string[] {
  if (problem === null) return [];
  const places =
    hidesPlaces && !namesPlaces
      ? "; this command uses the default state directory and socket, and the file may name others"
      : "";
  const unused =
    Object.keys(config).length === 0
      ? "no setting of the file is used"
      : "only its valid settings are used";
  const hint = problem.hint ? `; ${problem.hint}` : "";
  return [...problem.message.split("\n"), `${unused}${places}${hint}`];
}
