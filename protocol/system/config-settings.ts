/**
 * The settings of the config file. The type `Config`, the check of the file, its published JSON Schema and the table of
 * docs/configuration.md come from these tables.
 */
import { HOOKS, MAX_HOOK } from "../features/hooks/hooks.js";
import { METRICS_ADDRESS, parseMetricsAddress } from "../features/metrics/metrics-address.js";
import { CHANNELS_SCHEMA } from "../features/notices/config-channels.js";
import { parseTraces, TRACES_ENDPOINT } from "../features/traces/traces-endpoint.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../host-names.js";
import type { JsonSchema } from "../schema/json-schema.js";
import type { OwnKeywords } from "../schema/misfit.js";
import { LIMITS, type Limit, type Limits } from "./config-limits.js";
import { DEFAULT_LOG_LEVEL, LOG_LEVELS } from "./log-level.js";

/**
 * When a change of the config file takes effect. `live`: at a reload of the daemon. `command`: at the next command.
 * `dashboard`: when `liveops-tui` starts again.
 */
export type Reload = "live" | "restart" | "command" | "dashboard";

/** A setting that is not a limit. */
export interface Setting {
  /** In Markdown. */
  description: string;
  /** Absent: none, or it depends on the machine. */
  default?: unknown;
  /** In Markdown, where `default` does not tell it. */
  defaultText?: string;
  reload: Reload;
  schema: JsonSchema & OwnKeywords;
}

/** Only `~/` is expanded. */
const homeProblem = (path: string) =>
  /^~[^/]/.test(path) ? `${path}: only ~/ is expanded; write the home directory of that user` : null;

const PATH_SCHEMA = { type: "string", minLength: 1, expected: "a path", check: homeProblem } as const;
const PATTERNS_SCHEMA = {
  type: "array",
  items: {
    type: "string",
    pattern: "^[^=\\u0000]+$",
    expected: "a name, or a pattern with *, without = and null characters",
  },
  expected: 'a list of names, such as ["AWS_*"]',
} as const;
const CONCURRENCY_SCHEMA = {
  type: "integer",
  minimum: 1,
  expected: "a whole number of at least 1",
} as const;
const HOOK_SCHEMA = {
  type: "string",
  minLength: 1,
  maxLength: MAX_HOOK,
  expected: `a command for sh -c, at most ${MAX_HOOK} characters`,
} as const;
const COLOUR_SCHEMA = {
  type: "string",
  pattern: "^#[0-9a-fA-F]{6}$",
  expected: 'a colour such as "#4080ff"',
} as const;
const TRACES_URL_SCHEMA = {
  type: "string",
  pattern: "^(env|https?://[^@?#]+)$",
  check: (url: string) => (parseTraces(url) === null ? `must be ${TRACES_ENDPOINT}` : null),
  expected: TRACES_ENDPOINT,
} as const;
/** Name of an environment variable. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Colours of the dashboard that a theme can set. */
export const THEME_ROLES = ["accent", "good", "bad", "warn", "muted", "track", "border"] as const;

/** Seconds without a renewal after which a host of a fleet counts as lost, without a setting. */
export const LOST_AFTER = 300;

/** The least and the most of it. With less, a busy machine could not end its work before a peer takes it over. */
export const LOST_AFTER_RANGE = { least: 3, most: 86_400 } as const;

function sameSchema<const N extends string, S>(names: readonly N[], schema: S): Record<N, S> {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<N, S>;
}

/** The settings that are not limits: meaning, default and valid values. */
export const SETTINGS = {
  stateDir: {
    description: "State directory",
    defaultText: "see [Places](#places)",
    reload: "restart",
    schema: PATH_SCHEMA,
  },
  socket: {
    description: "Socket of the daemon",
    defaultText: "see [Places](#places)",
    reload: "restart",
    schema: PATH_SCHEMA,
  },
  ops: {
    description:
      "List of operations directories or files, searched after those of `--ops` and `$LIVEOPS_OPS`",
    default: [],
    reload: "live",
    schema: { type: "array", items: PATH_SCHEMA, expected: 'a list of paths, such as ["~/ops"]' },
  },
  concurrency: {
    description: "Operations of the default queue that run at the same time",
    defaultText: "number of cores, at least 2",
    reload: "live",
    schema: CONCURRENCY_SCHEMA,
  },
  queues: {
    description: 'Other queues by name, each with its concurrency (default 1): `{"gpu": {"concurrency": 2}}`',
    default: {},
    reload: "live",
    schema: {
      type: "object",
      propertyNames: {
        pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
        expected: "a name of lower-case letters, digits and -, such as gpu",
      },
      additionalProperties: {
        type: "object",
        properties: { concurrency: CONCURRENCY_SCHEMA },
        additionalProperties: false,
        expected: 'an object, such as {"concurrency": 2}',
      },
      expected: 'an object, such as {"gpu": {"concurrency": 2}}',
    },
  },
  hooks: {
    description: `Commands that run when something happens: ${HOOKS.map((hook) => `\`${hook}\``).join(", ")}; see [hooks](afterwards.md#hooks)`,
    default: {},
    reload: "live",
    schema: {
      type: "object",
      properties: sameSchema(HOOKS, HOOK_SCHEMA),
      additionalProperties: false,
      expected: 'an object, such as {"onFailure": "notify-send failed"}',
    },
  },
  notify: {
    description:
      'Channels that tell people what needs them, by name: `{"phone": {"ntfy": {"topic": "builds"}}}`; see [notices](notices.md)',
    default: {},
    reload: "live",
    schema: CHANNELS_SCHEMA,
  },
  alert: {
    description:
      'How the dashboard tells that an operation which is not shown finished: `true`, `"bell"`, `"desktop"`, `false`',
    default: true,
    defaultText: "`true` (both)",
    reload: "dashboard",
    schema: { enum: [true, false, "bell", "desktop"], expected: 'true, false, "bell" or "desktop"' },
  },
  theme: {
    description: `Colours of the dashboard: \`"auto"\`, \`"dark"\`, \`"light"\`, \`"16"\`, or a table such as \`{"accent": "#4080ff"}\` with ${THEME_ROLES.map((role) => `\`${role}\``).join(", ")}`,
    default: "auto",
    reload: "dashboard",
    schema: {
      anyOf: [
        { enum: ["auto", "dark", "light", "16"] },
        { type: "object", properties: sameSchema(THEME_ROLES, COLOUR_SCHEMA), additionalProperties: false },
      ],
      expected: '"auto", "dark", "light", "16" or a table of colours',
    },
  },
  mouse: {
    description: "Whether the dashboard takes the mouse: the wheel scrolls, a click selects",
    default: false,
    reload: "dashboard",
    schema: { type: "boolean" },
  },
  motion: {
    description: "Whether something on the dashboard or in the taskbar may move by itself",
    default: true,
    reload: "dashboard",
    schema: { type: "boolean" },
  },
  links: {
    description:
      "Whether web addresses and files are hyperlinks (OSC 8): in the dashboard's log, and in what commands print",
    default: true,
    reload: "dashboard",
    schema: { type: "boolean" },
  },
  keys: {
    description:
      'Keys of the dashboard by the name of the action: `{"cancel": "C", "filter": ["/", "ctrl-f"]}`',
    default: {},
    reload: "dashboard",
    schema: {
      type: "object",
      additionalProperties: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
        expected: "a key or a list of keys",
      },
      expected: 'a table of keys by action, such as {"cancel": "C"}',
    },
  },
  cgroup: {
    description: 'cgroup for operations: `"auto"`, `"off"` or a path; see [Containment](#containment)',
    default: "auto",
    reload: "restart",
    schema: {
      type: "string",
      pattern: "^(auto|off|/.*)$",
      expected: '"auto", "off" or an absolute path',
    },
  },
  logLevel: {
    description: `Level of the daemon's log: ${LOG_LEVELS.map((level) => `\`"${level}"\``).join(", ")}`,
    default: DEFAULT_LOG_LEVEL,
    reload: "live",
    schema: { enum: LOG_LEVELS },
  },
  autostart: {
    description:
      "Whether a command that submits, and the dashboard, start the daemon where none answers; see [autostart](#autostart)",
    default: true,
    reload: "command",
    schema: { type: "boolean" },
  },
  metrics: {
    description:
      'TCP address that serves `GET /metrics` for Prometheus, such as `"127.0.0.1:9464"`; see [metrics](metrics.md)',
    defaultText: "none: only the socket does",
    reload: "live",
    schema: {
      type: "string",
      pattern: "^([^:]*:|\\[.+\\]:)?\\d{1,5}$",
      check: (address: string) =>
        parseMetricsAddress(address) === null ? `must be ${METRICS_ADDRESS}` : null,
      expected: METRICS_ADDRESS,
    },
  },
  traces: {
    description:
      'Collector of OpenTelemetry traces: an OTLP/HTTP URL such as `"http://127.0.0.1:4318"`, `"env"`, or an object with `url` and `headers`; see [traces](traces.md)',
    defaultText: "none: no traces",
    reload: "restart",
    schema: {
      anyOf: [
        TRACES_URL_SCHEMA,
        {
          type: "object",
          properties: {
            url: TRACES_URL_SCHEMA,
            headers: {
              type: "object",
              additionalProperties: {
                type: "string",
                pattern: VARIABLE.source,
                expected: "the name of an environment variable that has the value, such as TRACES_TOKEN",
              },
            },
          },
          required: ["url"],
          additionalProperties: false,
        },
      ],
      expected: TRACES_ENDPOINT,
    },
  },
  env: {
    description:
      "Environment variables that reach an operation: an object with the lists `allow` and `fromDaemon`; see [Environment of an operation](#environment-of-an-operation)",
    defaultText: "see there",
    reload: "live",
    schema: {
      type: "object",
      properties: { allow: PATTERNS_SCHEMA, fromDaemon: PATTERNS_SCHEMA },
      additionalProperties: false,
      expected: 'an object, such as {"allow": ["AWS_*"]}',
    },
  },
  fleet: {
    description:
      "The fleet that the daemon joins: `url` of its PostgreSQL database, `passwordFile`, `host` (name of this host), `tags`, `lostAfter` (seconds, default 300); see [from one machine to many](fleet.md)",
    defaultText: "none: the daemon runs alone",
    reload: "restart",
    schema: {
      type: "object",
      properties: {
        url: {
          type: "string",
          pattern: "^postgres(ql)?://",
          expected: "a URL such as postgres://user@host/database",
        },
        passwordFile: PATH_SCHEMA,
        host: {
          type: "string",
          pattern: HOST_PATTERN.source,
          maxLength: MAX_HOST,
          expected: "a name of letters, digits and . _ -",
        },
        tags: {
          type: "array",
          items: {
            type: "string",
            pattern: TAG_PATTERN.source,
            maxLength: MAX_TAG,
            expected: "a tag of letters, digits and . _ : = / -",
          },
          maxItems: MAX_TAGS,
          expected: `a list of at most ${MAX_TAGS} tags, such as ["gpu", "eu"]`,
        },
        lostAfter: {
          type: "number",
          minimum: LOST_AFTER_RANGE.least,
          maximum: LOST_AFTER_RANGE.most,
          expected: `${LOST_AFTER_RANGE.least} to ${LOST_AFTER_RANGE.most} seconds: a host must end its work before a peer takes it over`,
        },
      },
      additionalProperties: false,
      expected: 'an object, such as {"url": "postgres://user@host/database"}',
    },
  },
} as const satisfies Record<string, Setting>;

/** The type of the values that a schema takes. */
type ValueOf<S> = S extends { enum: readonly (infer V)[] }
  ? V
  : S extends { anyOf: readonly (infer Branch)[] }
    ? ValueOf<Branch>
    : S extends { type: "array"; items: infer Item }
      ? ValueOf<Item>[]
      : S extends { type: "object"; properties: infer P; required: readonly (infer R)[] }
        ? { [K in keyof P & R]: ValueOf<P[K]> } & { [K in Exclude<keyof P, R>]?: ValueOf<P[K]> | undefined }
        : S extends { type: "object"; properties: infer P }
          ? { [K in keyof P]?: ValueOf<P[K]> | undefined }
          : S extends { type: "object"; additionalProperties: infer Member }
            ? Record<string, ValueOf<Member>>
            : S extends { type: infer T extends keyof Plain }
              ? Plain[T]
              : never;

interface Plain {
  string: string;
  boolean: boolean;
  integer: number;
  number: number;
}

type Settings = { [K in keyof typeof SETTINGS]?: ValueOf<(typeof SETTINGS)[K]["schema"]> | undefined };

/** The config file with whole values: absolute paths, and traces as an object. */
export interface Config extends Omit<Settings, "traces">, Partial<Limits> {
  traces?: TracesConfig | undefined;
}

/** The collector of the daemon's traces. */
export type TracesConfig = Exclude<NonNullable<Settings["traces"]>, string>;

/** `true`: bell and desktop notification; `"bell"` or `"desktop"`: one of them; `false`: none. */
export type Alert = NonNullable<Config["alert"]>;

/** A channel of notices. */
export type Channel = NonNullable<Config["notify"]>[string];

/** The key with which an editor finds the JSON Schema of the file; liveops ignores its value. */
export const SCHEMA_KEY = "$schema";

/** All settings, in the order of the documentation. */
const ALL: Record<keyof Config, Setting> = {
  ...SETTINGS,
  ...(Object.fromEntries(
    Object.entries<Limit>(LIMITS).map(([name, limit]) => [name, limitSetting(limit)]),
  ) as Record<keyof Limits, Setting>),
};

function limitSetting({ min, max, default: value, description, reload }: Limit): Setting {
  const expected = `a whole number from ${min} to ${max}`;
  const schema = { type: "integer", minimum: min, maximum: max, default: value, expected };
  return { description, default: value, reload: reload ?? "live", schema };
}

function ofAll<T>(part: (setting: Setting) => T): Record<keyof Config, T> {
  return Object.fromEntries(Object.entries(ALL).map(([name, setting]) => [name, part(setting)])) as Record<
    keyof Config,
    T
  >;
}

export const CONFIG_KEYS = Object.keys(ALL) as Array<keyof Config>;

/** The fixed defaults, by setting. */
export const DEFAULTS = ofAll((setting) => setting.default) as Config;

/** By setting. */
export const RELOAD = ofAll(({ reload }) => reload);

/** The JSON Schema of each setting, with the keywords of liveops. */
export const SETTING_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  [SCHEMA_KEY]: { type: "string", description: "Path or URL of this schema, for editors" },
  ...ofAll(({ schema, description }) => ({ ...schema, description })),
};
