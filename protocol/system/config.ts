/**
 * Reads the config file, for every command and the daemon. Flags and the environment override this
 * file.
 *
 * Each start reads the file, synchronously. A missing file counts as empty, unless `LIVEOPS_CONFIG`
 * names the file. What gives the daemon its settings refuses an invalid file (exit 2); other
 * commands report each problem with its line, and use the rest (`usable-config.ts`).
 */
import { dirname, resolve } from "node:path";
import { UsageError } from "../failures.js";
import { getOwn, isPlainObject } from "../objects.js";
import { type Misfit, misfitOf } from "../schema/misfit.js";
import { nearest } from "../text/nearest.js";
import { readConfigText } from "./config-file.js";
import { MOST_LEVELS, positionOf, syntaxProblem, tooDeep } from "./config-position.js";
import {
  CONFIG_KEYS,
  type Config,
  SCHEMA_KEY,
  SETTING_SCHEMAS,
  wholeValue,
} from "./config-settings.js";
import { configFile, inHome } from "./places.js";

type Env = Record<string, string | undefined>;

/** `LIVEOPS_CONFIG=/dev/null` disables the config file. The check of the owner does not apply. */
const NO_FILE = "/dev/null";

/** What a config file says, as far as it can be used. */
export interface UsableConfig {
  /** The valid settings, with absolute paths. */
  config: Config;
  /** Why the others are not used; null for a valid file. */
  problem: UsageError | null;
  /** The file may name a state directory or a socket that is not in `config`. */
  hidesPlaces: boolean;
}

/**
 * Relative paths in the file are relative to its directory, and `~/` is the home directory.
 *
 * @returns the settings, with absolute paths
 * @throws UsageError if the file is not valid or not readable, or if another user could have
 *   written it; if the file is missing and `LIVEOPS_CONFIG` names it
 */
export function readConfig(env: Env = process.env): Config {
  const { config, problem } = readUsableConfig(env);
  if (problem !== null) throw problem;
  return config;
}

/** As `readConfig`, with the valid settings of an invalid file. */
export function readUsableConfig(env: Env = process.env): UsableConfig {
  const file = configFile(env);
  if (file === NO_FILE) return { config: {}, problem: null, hidesPlaces: false };
  try {
    const text = readText(file, env);
    return text === null
      ? { config: {}, problem: null, hidesPlaces: false }
      : usable(text, file, env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { config: {}, problem: error, hidesPlaces: true };
  }
}

/** Null: there is no file. @throws UsageError */
function readText(file: string, env: Env): string | null {
  const isNamed = Boolean(env.LIVEOPS_CONFIG);
  const text = readConfigText(
    file,
    isNamed
      ? "LIVEOPS_CONFIG names it: name a file that you can read, or unset LIVEOPS_CONFIG"
      : "make it a file that you can read, or remove it",
  );
  if (text === null && isNamed)
    throw new UsageError(
      `the config file ${file} does not exist`,
      "LIVEOPS_CONFIG names it: create the file, or unset LIVEOPS_CONFIG",
    );
  return text;
}

function usable(text: string, file: string, env: Env): UsableConfig {
  const problems: ConfigProblem[] = [];
  const valid = parsed(text, problems);
  const config = withPaths(valid, file, env);
  if (problems.length === 0) return { config, problem: null, hidesPlaces: false };
  const lines = problems.map((problem) => problemLine(file, problem));
  const hidesPlaces = PLACES.some((key) => valid[key] === undefined && text.includes(`"${key}"`));
  return { config, problem: new UsageError(lines.join("\n"), CORRECT), hidesPlaces };
}

/** The settings that select the daemon. */
const PLACES = ["stateDir", "socket"] as const;

const CORRECT = "correct the file, then run: liveops config";

/** What is wrong with a part of the file, and where it is. */
export interface ConfigProblem {
  line: number;
  column: number;
  text: string;
}

/** As compilers write it, so that editors jump to the place. */
function problemLine(file: string, { line, column, text }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${text}`;
}

/**
 * The error of a setting that only its reader can check, with the place in the file.
 *
 * @param path keys and indices. @param ofKey the key is wrong, not the value
 */
export function settingError(
  path: ReadonlyArray<string | number>,
  text: string,
  ofKey = false,
  env: Env = process.env,
): UsageError {
  const file = configFile(env);
  try {
    const at = positionOf(readConfigText(file)!, path, ofKey);
    return new UsageError(problemLine(file, { ...at, text }), CORRECT);
  } catch {
    // The file has changed since it was read.
    return new UsageError(text, CORRECT);
  }
}

/** The valid settings of a text. */
function parsed(text: string, problems: ConfigProblem[]): Config {
  const deep = tooDeep(text);
  if (deep !== null) {
    problems.push({ ...deep, text: `values may be nested at most ${MOST_LEVELS} levels deep` });
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { at, text: said } = syntaxProblem(text, (error as Error).message);
    problems.push({ ...at, text: `not valid JSON: ${said}` });
    return {};
  }
  if (!isPlainObject(value)) {
    problems.push({
      ...positionOf(text, []),
      text: 'must hold a JSON object, such as {"concurrency": 4}',
    });
    return {};
  }
  const config: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    const misfit = misfitOfSetting(name, given);
    if (misfit !== null)
      problems.push({ ...positionOf(text, [name, ...misfit.at], misfit.ofKey), text: misfit.text });
    else if (name !== SCHEMA_KEY) config[name] = wholeValue(name, given);
  }
  return config as Config;
}

/** What is wrong with a setting; null for a valid one. */
function misfitOfSetting(name: string, value: unknown): Misfit | null {
  const schema = getOwn(SETTING_SCHEMAS, name);
  if (schema === undefined) {
    const [near] = nearest(name, CONFIG_KEYS);
    const hint = near ? `did you mean ${near}?` : `settings: ${CONFIG_KEYS.join(", ")}`;
    return { text: `unknown setting ${JSON.stringify(name)}; ${hint}`, at: [], ofKey: true };
  }
  const misfit = misfitOf(value, schema);
  return misfit === null ? null : { ...misfit, text: `${name} ${misfit.text}` };
}

function withPaths(config: Config, file: string, env: Env): Config {
  const { stateDir, socket, ops } = config;
  const absolute = (path: string) => resolve(dirname(file), inHome(path, env));
  return {
    ...config,
    ...(stateDir !== undefined && { stateDir: absolute(stateDir) }),
    ...(socket !== undefined && { socket: absolute(socket) }),
    ...(ops !== undefined && { ops: ops.map(absolute) }),
  };
}
