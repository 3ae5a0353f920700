/**
 * Reads the config file, for every command and the daemon. Flags and the environment override this file.
 *
 * Each start reads the file, synchronously. A missing file counts as empty, unless `LIVEOPS_CONFIG` names the file. What
 * gives the daemon its settings refuses an invalid file (exit 2); other commands report each problem with its line, and
 * use the rest (`usable-config.ts`). The tables of this module also make the JSON Schema (`config-schema.ts`) and the
 * table of docs/configuration.md.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { patternProblem } from "../environment.js";
import { getOwn } from "../get-own.js";
import { HOOKS, type Hook, MAX_HOOK } from "../hooks.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../host-names.js";
import { nearest } from "../nearest.js";
import { pathProblem } from "../owned-path.js";
import { configFile, inHome, type PlaceConfig } from "../places.js";
import { OP_PATTERN } from "../type-names.js";
import { positionOf, syntaxProblem } from "./config-position.js";
import { UsageError } from "./failures.js";
import { LOG_LEVELS, type LogLevel } from "./log-level.js";
import { formatMetricsAddress, METRICS_ADDRESS, parseMetricsAddress } from "./metrics-address.js";
import { parseTraces, TRACES_ENDPOINT } from "./traces-endpoint.js";

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
  /** Of the PostgreSQL database. */
  url?: string | undefined;
  /** Absolute; mode 0600. */
  passwordFile?: string | undefined;
  /** Name of this host. */
  host?: string | undefined;
  tags?: string[] | undefined;
  /** Seconds. */
  lostAfter?: number | undefined;
  /** Bytes. */
  mirrorMax?: number | undefined;
}

/** Seconds without a renewal after which a host of a fleet counts as lost, without a setting. */
export const LOST_AFTER = 300;

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
interface Limit {
  default: number;
  min: number;
  max: number;
  description: string;
}

const MiB = 1024 * 1024;

/** Bytes of run files of other hosts that a host of a fleet keeps, without a setting. */
export const MIRROR_MAX = 1024 * MiB;

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

/** A setting that is not a limit. */
interface Setting {
  /** In Markdown. */
  description: string;
  /** In Markdown. */
  default: string;
  /** JSON Schema of the value. */
  schema: Record<string, unknown>;
  /** Why the value does not fit the schema; null if it fits. */
  problem(value: unknown): Misfit | null;
}

/** Why a value does not fit. A text follows the name of the setting in a message. */
type Misfit =
  | string
  | {
      text: string;
      /** The part of the value that is wrong. */
      at: Array<string | number>;
      /** The key of that part is wrong. */
      ofKey?: boolean;
    };

/** A check of a value with one message. */
const must = (isValid: (value: unknown) => boolean, expected: string) => (value: unknown) =>
  isValid(value) ? null : `must be ${expected}`;
const mustBePath = (value: unknown) => (isPath(value) ? homeProblem(value as string) : "must be a path");
const isText = (value: unknown) => typeof value === "string";
const isPath = (value: unknown) => typeof value === "string" && value !== "";
const isOneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value);

const PATH_SCHEMA = { type: "string", minLength: 1 };
const PATTERNS_SCHEMA = { type: "array", items: { type: "string", pattern: "^[^=\\u0000]+$" } };
const TRACES_URL_SCHEMA = { type: "string", pattern: "^(env|https?://[^@?#]+)$" };
/** Name of an environment variable. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NOTIFY = [true, false, "bell", "desktop"];
const THEMES = ["auto", "dark", "light", "16"];
const THEME_SCHEMA = Object.fromEntries(
  THEME_ROLES.map((role) => [role, { type: "string", pattern: "^#[0-9a-fA-F]{6}$" }]),
);

/** The settings that are not limits: meaning, default and valid values. */
export const SETTINGS: Record<Exclude<keyof Config, keyof Limits>, Setting> = {
  stateDir: {
    description: "State directory",
    default: "see [Places](#places)",
    schema: PATH_SCHEMA,
    problem: mustBePath,
  },
  socket: {
    description: "Socket of the daemon",
    default: "see [Places](#places)",
    schema: PATH_SCHEMA,
    problem: mustBePath,
  },
  ops: {
    description:
      "List of operations directories or files, searched after those of `--ops` and `$LIVEOPS_OPS`",
    default: "`[]`",
    schema: { type: "array", items: PATH_SCHEMA },
    problem: pathsProblem,
  },
  concurrency: {
    description: "Operations of the default queue that run at the same time",
    default: "number of cores, at least 2",
    schema: { type: "integer", minimum: 1 },
    problem: must(
      (value) => Number.isInteger(value) && (value as number) >= 1,
      "a whole number of at least 1",
    ),
  },
  queues: {
    description: 'Other queues by name, each with its concurrency (default 1): `{"gpu": {"concurrency": 2}}`',
    default: "`{}`",
    schema: {
      type: "object",
      propertyNames: { pattern: "^[a-z0-9]+(-[a-z0-9]+)*$" },
      additionalProperties: {
        type: "object",
        properties: { concurrency: { type: "integer", minimum: 1 } },
        additionalProperties: false,
      },
    },
    problem: queuesProblem,
  },
  hooks: {
    description: `Commands that run when something happens: ${HOOKS.map((hook) => `\`${hook}\``).join(", ")}; see [hooks](hooks.md)`,
    default: "`{}`",
    schema: {
      type: "object",
      properties: Object.fromEntries(
        HOOKS.map((hook) => [hook, { type: "string", minLength: 1, maxLength: MAX_HOOK }]),
      ),
      additionalProperties: false,
    },
    problem: hooksProblem,
  },
  notify: {
    description:
      'Notification of the dashboard when an operation that is not shown finishes: `true`, `"bell"`, `"desktop"`, `false`',
    default: "`true` (both)",
    schema: { enum: NOTIFY },
    problem: must(isOneOf(NOTIFY), 'true, false, "bell" or "desktop"'),
  },
  theme: {
    description: `Colours of the dashboard: \`"auto"\`, \`"dark"\`, \`"light"\`, \`"16"\`, or a table such as \`{"accent": "#4080ff"}\` with ${THEME_ROLES.map((role) => `\`${role}\``).join(", ")}`,
    default: '`"auto"`',
    schema: {
      anyOf: [{ enum: THEMES }, { type: "object", properties: THEME_SCHEMA, additionalProperties: false }],
    },
    problem: themeProblem,
  },
  mouse: {
    description: "Whether the dashboard takes the mouse: the wheel scrolls, a click selects",
    default: "`false`",
    schema: { type: "boolean" },
    problem: must(isOneOf([true, false]), "true or false"),
  },
  links: {
    description:
      "Whether web addresses and files are hyperlinks (OSC 8): in the dashboard's log, and in what commands print",
    default: "`true`",
    schema: { type: "boolean" },
    problem: must(isOneOf([true, false]), "true or false"),
  },
  keys: {
    description:
      'Keys of the dashboard by the name of the action: `{"cancel": "C", "filter": ["/", "ctrl-f"]}`',
    default: "`{}`",
    schema: {
      type: "object",
      additionalProperties: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
      },
    },
    problem: keysProblem,
  },
  cgroup: {
    description: 'cgroup for operations: `"auto"`, `"off"` or a path; see [Containment](#containment)',
    default: '`"auto"`',
    schema: { type: "string", pattern: "^(auto|off|/.*)$" },
    problem: must(
      (value) => isText(value) && /^(auto|off|\/.*)$/.test(value as string),
      '"auto", "off" or an absolute path',
    ),
  },
  logLevel: {
    description: `Level of the daemon's log: ${LOG_LEVELS.map((level) => `\`"${level}"\``).join(", ")}`,
    default: '`"info"`',
    schema: { enum: LOG_LEVELS },
    problem: must(isOneOf(LOG_LEVELS), `one of: ${LOG_LEVELS.join(", ")}`),
  },
  autostart: {
    description:
      "Whether a command that needs the daemon starts it where none answers; see [autostart](#autostart)",
    default: "`false`",
    schema: { type: "boolean" },
    problem: must(isOneOf([true, false]), "true or false"),
  },
  metrics: {
    description:
      'TCP address that serves `GET /metrics` for Prometheus, such as `"127.0.0.1:9464"`; see [metrics](metrics.md)',
    default: "none: only the socket does",
    schema: { type: "string", pattern: "^([^:]*:|\\[.+\\]:)?\\d{1,5}$" },
    problem: must(
      (value) => typeof value === "string" && parseMetricsAddress(value) !== null,
      METRICS_ADDRESS,
    ),
  },
  traces: {
    description:
      'Collector of OpenTelemetry traces: an OTLP/HTTP URL such as `"http://127.0.0.1:4318"`, `"env"`, or an object with `url` and `headers`; see [traces](traces.md)',
    default: "none: no traces",
    schema: {
      anyOf: [
        TRACES_URL_SCHEMA,
        {
          type: "object",
          properties: {
            url: TRACES_URL_SCHEMA,
            headers: { type: "object", additionalProperties: { type: "string", pattern: VARIABLE.source } },
          },
          required: ["url"],
          additionalProperties: false,
        },
      ],
    },
    problem: tracesProblem,
  },
  env: {
    description:
      "Environment variables that reach an operation: an object with the lists `allow` and `fromDaemon`; see [Environment of an operation](#environment-of-an-operation)",
    default: "see there",
    schema: {
      type: "object",
      properties: { allow: PATTERNS_SCHEMA, fromDaemon: PATTERNS_SCHEMA },
      additionalProperties: false,
    },
    problem: environmentProblem,
  },
  fleet: {
    description:
      "The fleet that the daemon joins: `url` of its PostgreSQL database, `passwordFile`, `host` (name of this host), `tags`, `lostAfter` (seconds, default 300), `mirrorMax` (bytes, default 1 GiB); see [from one machine to many](fleet.md)",
    default: "none: the daemon runs alone",
    schema: {
      type: "object",
      properties: {
        url: { type: "string", pattern: "^postgres(ql)?://" },
        passwordFile: PATH_SCHEMA,
        host: { type: "string", pattern: HOST_PATTERN.source, maxLength: MAX_HOST },
        tags: {
          type: "array",
          items: { type: "string", pattern: TAG_PATTERN.source, maxLength: MAX_TAG },
          maxItems: MAX_TAGS,
        },
        lostAfter: { type: "number", minimum: 1, maximum: 86_400 },
        mirrorMax: { type: "integer", minimum: MiB },
      },
      additionalProperties: false,
    },
    problem: fleetProblem,
  },
};

/** The key with which an editor finds the JSON Schema of the file; liveops ignores its value. */
export const SCHEMA_KEY = "$schema";

/** All settings, in the order of the documentation. */
export const CONFIG_KEYS = [...Object.keys(SETTINGS), ...Object.keys(LIMITS)] as Array<keyof Config>;

type Env = Record<string, string | undefined>;

/** No file, for `LIVEOPS_CONFIG`. Another user may write it, and nobody reads that. */
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
 * @throws UsageError if the file is not valid or not readable, or if another user could have written it; if the file is
 * missing and `LIVEOPS_CONFIG` names it
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
    return text === null ? { config: {}, problem: null, hidesPlaces: false } : usable(text, file, env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { config: {}, problem: error, hidesPlaces: true };
  }
}

/** Null: there is no file. @throws UsageError */
function readText(file: string, env: Env): string | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    if (isMissing && !env.LIVEOPS_CONFIG) return null;
    if (isMissing)
      throw new UsageError(
        `the config file ${file} does not exist`,
        "LIVEOPS_CONFIG names it: create the file, or unset LIVEOPS_CONFIG",
      );
    const why = code === "EISDIR" ? "it is a directory" : message;
    throw new UsageError(
      `the config file ${file} cannot be read: ${why}`,
      env.LIVEOPS_CONFIG
        ? "LIVEOPS_CONFIG names it: name a file that you can read, or unset LIVEOPS_CONFIG"
        : "make it a file that you can read, or remove it",
    );
  }
  // Checked because the file names directories whose code is executed.
  const problem = pathProblem(file);
  if (problem !== null) throw new UsageError(`the config file is not used: ${problem}`);
  return text;
}

/**
 * The settings of a text, as `readConfig` returns them.
 *
 * @throws UsageError with each problem of the text: `file:line:column: message`
 */
export function checkConfig(text: string, file: string, env: Env = process.env): Config {
  const { config, problem } = usable(text, file, env);
  if (problem !== null) throw problem;
  return config;
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

const CORRECT = "correct the file: liveops config edit";

/** What is wrong with a part of the file, and where it is. */
export interface ConfigProblem {
  line: number;
  column: number;
  text: string;
}

/** As compilers write it, so that editors jump to the place. */
export function problemLine(file: string, { line, column, text }: ConfigProblem): string {
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
    const at = positionOf(readFileSync(file, "utf8"), path, ofKey);
    return new UsageError(problemLine(file, { ...at, text }), CORRECT);
  } catch {
    // The file has changed since it was read.
    return new UsageError(text, CORRECT);
  }
}

/** The problems of a text; empty for a valid one. */
export function configProblems(text: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  parsed(text, problems);
  return problems;
}

/** The valid settings of a text. */
function parsed(text: string, problems: ConfigProblem[]): Config {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { at, text: said } = syntaxProblem(text, (error as Error).message);
    problems.push({ ...at, text: `not valid JSON: ${said}` });
    return {};
  }
  if (!isTable(value)) {
    problems.push({ ...positionOf(text, []), text: 'must hold a JSON object, such as {"concurrency": 4}' });
    return {};
  }
  const config: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    const misfit = misfitOf(name, given);
    if (misfit !== null)
      problems.push({ ...positionOf(text, [name, ...misfit.at], misfit.ofKey), text: misfit.text });
    else if (name !== SCHEMA_KEY) config[name] = given;
  }
  return config as Config;
}

/** What is wrong with a setting; null for a valid one. */
function misfitOf(name: string, value: unknown): Exclude<Misfit, string> | null {
  if (name === SCHEMA_KEY) return isText(value) ? null : { text: `${SCHEMA_KEY} must be text`, at: [] };
  const limit: Limit | undefined = getOwn(LIMITS, name);
  if (limit !== undefined) {
    const { min, max } = limit;
    const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits ? null : { text: `${name} must be a whole number from ${min} to ${max}`, at: [] };
  }
  const setting: Setting | undefined = getOwn(SETTINGS, name);
  if (setting === undefined)
    return { text: `unknown setting ${nearHint(name, CONFIG_KEYS)}`, at: [], ofKey: true };
  const misfit = setting.problem(value);
  if (misfit === null) return null;
  return typeof misfit === "string"
    ? { text: `${name} ${misfit}`, at: [] }
    : { ...misfit, text: `${name} ${misfit.text}` };
}

/** Why the path cannot be used: only `~/` is expanded. */
function homeProblem(path: string): string | null {
  return /^~[^/]/.test(path) ? `${path}: only ~/ is expanded; write the home directory of that user` : null;
}

function pathsProblem(value: unknown): Misfit | null {
  const isList = Array.isArray(value);
  if (!isList) return 'must be a list of paths, such as ["~/ops"]';
  for (const [index, path] of value.entries()) {
    const text = isPath(path) ? homeProblem(path) : 'must be a list of paths, such as ["~/ops"]';
    if (text !== null) return { text, at: [index] };
  }
  return null;
}

/** The name of an unknown setting, and the name that may be meant. */
function nearHint(name: string, known: readonly string[]): string {
  const [near] = nearest(name, known);
  return `${JSON.stringify(name)}; ${near ? `did you mean ${near}?` : `settings: ${known.join(", ")}`}`;
}

function queuesProblem(queues: unknown): Misfit | null {
  if (!isTable(queues)) return 'must be an object, such as {"gpu": {"concurrency": 2}}';
  for (const [name, queue] of Object.entries(queues)) {
    if (!OP_PATTERN.test(name))
      return {
        text: `${JSON.stringify(name)}: the name of a queue has lower-case letters, digits and -, such as gpu`,
        at: [name],
        ofKey: true,
      };
    if (!isTable(queue)) return { text: `${name} must be an object, such as {"concurrency": 2}`, at: [name] };
    const { concurrency, ...others } = queue;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined)
      return {
        text: `${name} has no setting ${nearHint(unknown, ["concurrency"])}`,
        at: [name, unknown],
        ofKey: true,
      };
    if (concurrency !== undefined && !(Number.isInteger(concurrency) && (concurrency as number) >= 1))
      return {
        text: `${name}: concurrency must be a whole number of at least 1`,
        at: [name, "concurrency"],
      };
  }
  return null;
}

/** What each setting of the fleet must be. */
const FLEET: Record<keyof FleetConfig, { isValid: (value: unknown) => boolean; expected: string }> = {
  url: {
    isValid: (value) => isText(value) && /^postgres(ql)?:\/\//.test(value as string),
    expected: "a URL such as postgres://user@host/database",
  },
  passwordFile: { isValid: isPath, expected: "a path" },
  host: {
    isValid: (value) =>
      isText(value) && HOST_PATTERN.test(value as string) && (value as string).length <= MAX_HOST,
    expected: "a name of letters, digits and . _ -",
  },
  tags: {
    isValid: (value) =>
      Array.isArray(value) &&
      value.length <= MAX_TAGS &&
      value.every((tag) => isText(tag) && TAG_PATTERN.test(tag) && tag.length <= MAX_TAG),
    expected: 'a list of tags, such as ["gpu", "eu"]',
  },
  lostAfter: {
    isValid: (value) => typeof value === "number" && value >= 1 && value <= 86_400,
    expected: "1 to 86400 seconds",
  },
  mirrorMax: {
    isValid: (value) => Number.isInteger(value) && (value as number) >= MiB,
    expected: "a number of bytes, at least 1 MiB",
  },
};

function fleetProblem(fleet: unknown): Misfit | null {
  if (!isTable(fleet)) return 'must be an object, such as {"url": "postgres://user@host/database"}';
  const known = Object.keys(FLEET);
  const unknown = Object.keys(fleet).find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { text: `has no setting ${nearHint(unknown, known)}`, at: [unknown], ofKey: true };
  for (const [name, value] of Object.entries(fleet)) {
    const { isValid, expected } = FLEET[name as keyof FleetConfig];
    if (!isValid(value)) return { text: `${name} must be ${expected}`, at: [name] };
  }
  const home = isText(fleet.passwordFile) ? homeProblem(fleet.passwordFile as string) : null;
  return home === null ? null : { text: `passwordFile ${home}`, at: ["passwordFile"] };
}

function tracesProblem(traces: unknown): Misfit | null {
  const isUrl = (value: unknown) => isText(value) && parseTraces(value as string) !== null;
  if (!isTable(traces)) return isUrl(traces) ? null : `must be ${TRACES_ENDPOINT}`;
  const { url, headers = {}, ...others } = traces;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    return {
      text: `has no setting ${nearHint(unknown, ["url", "headers"])}`,
      at: [unknown],
      ofKey: true,
    };
  if (!isUrl(url)) return { text: `url must be ${TRACES_ENDPOINT}`, at: ["url"] };
  const areNames =
    isTable(headers) && Object.values(headers).every((name) => isText(name) && VARIABLE.test(name as string));
  return areNames
    ? null
    : {
        text: 'headers must name environment variables that have the values, such as {"authorization": "TRACES_TOKEN"}',
        at: ["headers"],
      };
}

function hooksProblem(hooks: unknown): Misfit | null {
  if (!isTable(hooks)) return 'must be an object, such as {"onFailure": "notify-send failed"}';
  const known: readonly string[] = HOOKS;
  const unknown = Object.keys(hooks).find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { text: `has no hook ${nearHint(unknown, known)}`, at: [unknown], ofKey: true };
  const wrong = Object.entries(hooks).find(
    ([, command]) => !isPath(command) || (command as string).length > MAX_HOOK,
  );
  return wrong === undefined
    ? null
    : { text: `${wrong[0]} must be a command for sh -c, at most ${MAX_HOOK} characters`, at: [wrong[0]] };
}

const ENVIRONMENT_KEYS = ["allow", "fromDaemon"] satisfies Array<keyof EnvironmentConfig>;

function environmentProblem(env: unknown): Misfit | null {
  if (!isTable(env)) return 'must be an object, such as {"allow": ["AWS_*"]}';
  const known: readonly string[] = ENVIRONMENT_KEYS;
  const unknown = Object.keys(env).find((name) => !known.includes(name));
  if (unknown !== undefined)
    return { text: `has no setting ${nearHint(unknown, known)}`, at: [unknown], ofKey: true };
  for (const name of ENVIRONMENT_KEYS) {
    const patterns: unknown = (env as EnvironmentConfig)[name];
    if (patterns === undefined) continue;
    if (!Array.isArray(patterns))
      return { text: `${name} must be a list of names, such as ["AWS_*"]`, at: [name] };
    for (const [index, pattern] of patterns.entries()) {
      const text = patternProblem(pattern);
      if (text !== null) return { text: `${name}: ${text}`, at: [name, index] };
    }
  }
  return null;
}

function withPaths(config: Config, file: string, env: Env): Config {
  const { stateDir, socket, ops, fleet, metrics } = config;
  const traces: TracesConfig | string | undefined = config.traces;
  const absolute = (path: string) => resolve(dirname(file), inHome(path, env));
  return {
    ...config,
    ...(stateDir !== undefined && { stateDir: absolute(stateDir) }),
    ...(socket !== undefined && { socket: absolute(socket) }),
    ...(ops !== undefined && { ops: ops.map(absolute) }),
    ...(metrics !== undefined && { metrics: formatMetricsAddress(parseMetricsAddress(metrics)!) }),
    ...(traces !== undefined && { traces: wholeTraces(traces) }),
    ...(fleet?.passwordFile !== undefined && {
      fleet: { ...fleet, passwordFile: absolute(fleet.passwordFile) },
    }),
  };
}

/** The URL alone is short for an object with the URL. */
function wholeTraces(traces: TracesConfig | string): TracesConfig {
  const { url, headers } = typeof traces === "string" ? { url: traces, headers: undefined } : traces;
  return { url: parseTraces(url)!, headers };
}

function themeProblem(value: unknown): Misfit | null {
  const text = 'must be "auto", "dark", "light", "16" or a table of colours';
  if (!isTable(value)) return isText(value) && THEMES.includes(value as string) ? null : text;
  const roles: readonly string[] = THEME_ROLES;
  for (const [role, colour] of Object.entries(value)) {
    if (!roles.includes(role))
      return { text: `${text} of: ${THEME_ROLES.join(", ")}`, at: [role], ofKey: true };
    if (!isText(colour) || !/^#[\da-f]{6}$/i.test(colour as string))
      return { text: `${text} such as {"${role}": "#4080ff"}`, at: [role] };
  }
  return null;
}

function keysProblem(value: unknown): Misfit | null {
  const text = 'must be a table of keys by action, such as {"cancel": "C"}';
  if (!isTable(value)) return text;
  for (const [action, keys] of Object.entries(value))
    if (!isPath(keys) && !(Array.isArray(keys) && keys.every(isPath))) return { text, at: [action] };
  return null;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
