/** Why the value of a setting does not fit: checks of values for the table of settings. */
import { patternProblem } from "../environment.js";
import { HOOKS, MAX_HOOK } from "../hooks.js";
import { HOST_PATTERN, MAX_HOST, MAX_TAG, MAX_TAGS, TAG_PATTERN } from "../host-names.js";
import { isPlainObject } from "../is-plain-object.js";
import { nearest } from "../text/nearest.js";
import { OP_PATTERN } from "../type-names.js";
import {
  type EnvironmentConfig,
  type FleetConfig,
  LOST_AFTER_RANGE,
  MiB,
  THEME_ROLES,
} from "./config-types.js";
import { parseTraces, TRACES_ENDPOINT } from "./traces-endpoint.js";

/** Why a value does not fit. A text follows the name of the setting in a message. */
export type Misfit =
  | string
  | {
      text: string;
      /** The part of the value that is wrong. */
      at: Array<string | number>;
      /** The key of that part is wrong. */
      ofKey?: boolean;
    };

/** A check of a value with one message. */
export const must = (isValid: (value: unknown) => boolean, expected: string) => (value: unknown) =>
  isValid(value) ? null : `must be ${expected}`;
export const mustBePath = (value: unknown) =>
  isPath(value) ? homeProblem(value as string) : "must be a path";
export const isText = (value: unknown) => typeof value === "string";
const isPath = (value: unknown) => typeof value === "string" && value !== "";
export const isOneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value);

/** Name of an environment variable. */
export const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Themes by name. */
export const THEMES = ["auto", "dark", "light", "16"];

/** Why the path cannot be used: only `~/` is expanded. */
function homeProblem(path: string): string | null {
  return /^~[^/]/.test(path) ? `${path}: only ~/ is expanded; write the home directory of that user` : null;
}

export function pathsProblem(value: unknown): Misfit | null {
  const isList = Array.isArray(value);
  if (!isList) return 'must be a list of paths, such as ["~/ops"]';
  for (const [index, path] of value.entries()) {
    const text = isPath(path) ? homeProblem(path) : 'must be a list of paths, such as ["~/ops"]';
    if (text !== null) return { text, at: [index] };
  }
  return null;
}

/** The name of an unknown setting, and the name that may be meant. */
export function nearHint(name: string, known: readonly string[]): string {
  const [near] = nearest(name, known);
  return `${JSON.stringify(name)}; ${near ? `did you mean ${near}?` : `settings: ${known.join(", ")}`}`;
}

export function queuesProblem(queues: unknown): Misfit | null {
  if (!isPlainObject(queues)) return 'must be an object, such as {"gpu": {"concurrency": 2}}';
  for (const [name, queue] of Object.entries(queues)) {
    if (!OP_PATTERN.test(name))
      return {
        text: `${JSON.stringify(name)}: the name of a queue has lower-case letters, digits and -, such as gpu`,
        at: [name],
        ofKey: true,
      };
    if (!isPlainObject(queue))
      return { text: `${name} must be an object, such as {"concurrency": 2}`, at: [name] };
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
    isValid: (value) =>
      typeof value === "number" && value >= LOST_AFTER_RANGE.least && value <= LOST_AFTER_RANGE.most,
    expected: `${LOST_AFTER_RANGE.least} to ${LOST_AFTER_RANGE.most} seconds: a host must end its work before a peer takes it over`,
  },
  mirrorMax: {
    isValid: (value) => Number.isInteger(value) && (value as number) >= MiB,
    expected: "a number of bytes, at least 1 MiB",
  },
};

export function fleetProblem(fleet: unknown): Misfit | null {
  if (!isPlainObject(fleet)) return 'must be an object, such as {"url": "postgres://user@host/database"}';
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

export function tracesProblem(traces: unknown): Misfit | null {
  const isUrl = (value: unknown) => isText(value) && parseTraces(value as string) !== null;
  if (!isPlainObject(traces)) return isUrl(traces) ? null : `must be ${TRACES_ENDPOINT}`;
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
    isPlainObject(headers) &&
    Object.values(headers).every((name) => isText(name) && VARIABLE.test(name as string));
  return areNames
    ? null
    : {
        text: 'headers must name environment variables that have the values, such as {"authorization": "TRACES_TOKEN"}',
        at: ["headers"],
      };
}

export function hooksProblem(hooks: unknown): Misfit | null {
  if (!isPlainObject(hooks)) return 'must be an object, such as {"onFailure": "notify-send failed"}';
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

export function environmentProblem(env: unknown): Misfit | null {
  if (!isPlainObject(env)) return 'must be an object, such as {"allow": ["AWS_*"]}';
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

export function themeProblem(value: unknown): Misfit | null {
  const text = 'must be "auto", "dark", "light", "16" or a table of colours';
  if (!isPlainObject(value)) return isText(value) && THEMES.includes(value as string) ? null : text;
  const roles: readonly string[] = THEME_ROLES;
  for (const [role, colour] of Object.entries(value)) {
    if (!roles.includes(role))
      return { text: `${text} of: ${THEME_ROLES.join(", ")}`, at: [role], ofKey: true };
    if (!isText(colour) || !/^#[\da-f]{6}$/i.test(colour as string))
      return { text: `${text} such as {"${role}": "#4080ff"}`, at: [role] };
  }
  return null;
}

export function keysProblem(value: unknown): Misfit | null {
  const text = 'must be a table of keys by action, such as {"cancel": "C"}';
  if (!isPlainObject(value)) return text;
  for (const [action, keys] of Object.entries(value))
    if (!isPath(keys) && !(Array.isArray(keys) && keys.every(isPath))) return { text, at: [action] };
  return null;
}
