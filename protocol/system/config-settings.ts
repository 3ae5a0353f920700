/**
 * The settings of the config file. The type `Config`, the check of the file, its published JSON
 * Schema and the table of docs/configuration.md come from these tables.
 */

import { actionsSchema, EVENTS } from "../actions.js";
import { FEATURE_SETTINGS } from "../feature-settings.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../host-names.js";
import type { JsonSchema } from "../schema/json-schema.js";
import { LIMITS, type Limit, type Limits } from "./config-limits.js";
import { DEFAULT_LOG_LEVEL, LOG_LEVELS } from "./log-level.js";
import type { Setting, WholeOf } from "./setting.js";

/** Only `~/` is expanded. */
const homeProblem = (path: string) =>
  /^~[^/]/.test(path)
    ? `${path}: only ~/ is expanded; write the home directory of that user`
    : null;

const PATH_SCHEMA = {
  type: "string",
  minLength: 1,
  expected: "a path",
  check: homeProblem,
} as const;
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
/**
 * Colours of the dashboard: those of the terminal's background, of a dark or a light one, or its
 * own 16.
 */
const THEMES = ["auto", "dark", "light", "16"] as const;

/** Seconds without a renewal after which a host of a fleet counts as lost, without a setting. */
export const LOST_AFTER = 300;

/**
 * The least and the most of it. With less, a busy machine could not end its work before a peer
 * takes it over.
 */
export const LOST_AFTER_RANGE = { least: 3, most: 86_400 } as const;

/** The settings that are not limits: meaning, default and valid values. */
export const SETTINGS = {
  stateDir: {
    description: "State directory",
    defaultText: "see [Places](#places)",
    schema: PATH_SCHEMA,
  },
  socket: {
    description: "Socket of the daemon",
    defaultText: "see [Places](#places)",
    schema: PATH_SCHEMA,
  },
  ops: {
    description:
      "List of operations directories or files, searched after those of `--ops` and `$LIVEOPS_OPS`",
    default: [],
    schema: { type: "array", items: PATH_SCHEMA, expected: 'a list of paths, such as ["~/ops"]' },
  },
  concurrency: {
    description: "Operations of the default queue that run at the same time",
    defaultText: "number of cores, at least 2",
    schema: CONCURRENCY_SCHEMA,
  },
  queues: {
    description:
      'Other queues by name, each with its concurrency (default 1): `{"gpu": {"concurrency": 2}}`',
    default: {},
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
  on: {
    description:
      'Actions by event, each a command or a message to post: `{"failure": "mail -s liveops me < /dev/null"}`; see [actions](queues.md#actions)',
    default: {},
    schema: actionsSchema(EVENTS),
  },
  alert: {
    description:
      'How the dashboard tells that an operation which is not shown finished: `true`, `"bell"`, `"desktop"`, `false`',
    default: true,
    defaultText: "`true` (both)",
    schema: {
      enum: [true, false, "bell", "desktop"],
      expected: 'true, false, "bell" or "desktop"',
    },
  },
  theme: {
    description: `Colours of the dashboard: ${THEMES.map((name) => `\`"${name}"\``).join(", ")}`,
    default: "auto",
    schema: { enum: THEMES, expected: 'one of "auto", "dark", "light", "16"' },
  },
  keys: {
    description:
      'Keys of the dashboard by the name of the action: `{"cancel": "X", "find": ["/", "ctrl-f"]}`',
    default: {},
    schema: {
      type: "object",
      additionalProperties: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
        expected: "a key or a list of keys",
      },
      expected: 'a table of keys by action, such as {"cancel": "X"}',
    },
  },
  logLevel: {
    description: `Level of the daemon's log: ${LOG_LEVELS.map((level) => `\`"${level}"\``).join(", ")}`,
    default: DEFAULT_LOG_LEVEL,
    schema: { enum: LOG_LEVELS },
  },
  autostart: {
    description:
      "Whether a command that submits, and the dashboard, start the daemon where none answers; see [autostart](#autostart)",
    default: true,
    schema: { type: "boolean" },
  },
  ...FEATURE_SETTINGS,
  env: {
    description:
      "Environment variables that reach an operation: an object with the lists `allow` and `fromDaemon`; see [Environment of an operation](#environment-of-an-operation)",
    defaultText: "see there",
    schema: {
      type: "object",
      properties: { allow: PATTERNS_SCHEMA, fromDaemon: PATTERNS_SCHEMA },
      additionalProperties: false,
      expected: 'an object, such as {"allow": ["AWS_*"]}',
    },
  },
  fleet: {
    description:
      "The fleet that the daemon joins: `url` of its PostgreSQL database, `host` (name of this host), `tags`, `lostAfter` (seconds, default 300); see [from one machine to many](fleet.md)",
    defaultText: "none: the daemon runs alone",
    schema: {
      type: "object",
      properties: {
        url: {
          type: "string",
          pattern: "^postgres(ql)?://",
          expected: "a URL such as postgres://user@host/database",
        },
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

/** The config file with whole values, such as absolute paths. */
export type Config = {
  [K in keyof typeof SETTINGS]?: WholeOf<(typeof SETTINGS)[K]> | undefined;
} & Partial<Limits>;

/** `true`: bell and desktop notification; `"bell"` or `"desktop"`: one of them; `false`: none. */
export type Alert = NonNullable<Config["alert"]>;

/** The key with which an editor finds the JSON Schema of the file; liveops ignores its value. */
export const SCHEMA_KEY = "$schema";

/** All settings, in the order of the documentation. */
const ALL: Record<keyof Config, Setting> = {
  ...SETTINGS,
  ...(Object.fromEntries(
    Object.entries<Limit>(LIMITS).map(([name, limit]) => [name, limitSetting(limit)]),
  ) as Record<keyof Limits, Setting>),
};

function limitSetting({ min, max, default: value, description }: Limit): Setting {
  const expected = `a whole number from ${min} to ${max}`;
  const schema = { type: "integer", minimum: min, maximum: max, default: value, expected };
  return { description, default: value, schema };
}

function ofAll<T>(part: (setting: Setting) => T): Record<keyof Config, T> {
  return Object.fromEntries(
    Object.entries(ALL).map(([name, setting]) => [name, part(setting)]),
  ) as Record<keyof Config, T>;
}

export const CONFIG_KEYS = Object.keys(ALL) as Array<keyof Config>;

/** The fixed defaults, by setting. */
export const DEFAULTS = ofAll((setting) => setting.default) as Config;

/** The whole value of a valid one. */
export function wholeValue(name: string, value: unknown): unknown {
  const { whole } = ALL[name as keyof Config];
  return whole === undefined ? value : whole(value as never);
}

/** The JSON Schema of each setting, with the keywords of liveops. */
export const SETTING_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  [SCHEMA_KEY]: { type: "string", description: "Path or URL of this schema, for editors" },
  ...ofAll(({ schema, description }) => ({ ...schema, description })),
};
