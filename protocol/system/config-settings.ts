/** The settings that are not limits: meaning, default, schema and check of each. */
import { HOOKS, MAX_HOOK } from "../hooks.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../host-names.js";
import {
  environmentProblem,
  fleetProblem,
  hooksProblem,
  isOneOf,
  isText,
  keysProblem,
  type Misfit,
  must,
  mustBePath,
  pathsProblem,
  queuesProblem,
  THEMES,
  themeProblem,
  tracesProblem,
  VARIABLE,
} from "./config-misfits.js";
import { type Config, LIMITS, type Limits, LOST_AFTER_RANGE, MiB, THEME_ROLES } from "./config-types.js";
import { LOG_LEVELS } from "./log-level.js";
import { METRICS_ADDRESS, parseMetricsAddress } from "./metrics-address.js";

/** A setting that is not a limit. */
export interface Setting {
  /** In Markdown. */
  description: string;
  /** In Markdown. */
  default: string;
  /** JSON Schema of the value. */
  schema: Record<string, unknown>;
  /** Why the value does not fit the schema; null if it fits. */
  problem(value: unknown): Misfit | null;
}

const PATH_SCHEMA = { type: "string", minLength: 1 };
const PATTERNS_SCHEMA = { type: "array", items: { type: "string", pattern: "^[^=\\u0000]+$" } };
const TRACES_URL_SCHEMA = { type: "string", pattern: "^(env|https?://[^@?#]+)$" };
const NOTIFY = [true, false, "bell", "desktop"];
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
        lostAfter: { type: "number", minimum: LOST_AFTER_RANGE.least, maximum: LOST_AFTER_RANGE.most },
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
