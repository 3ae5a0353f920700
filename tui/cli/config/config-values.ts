/** The settings in effect: those of a flag, the environment, the config file or the default. */
import { availableParallelism, hostname } from "node:os";
import { delimiter, resolve } from "node:path";
import type { GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { ALLOWED_VARIABLES } from "../../../protocol/environment.js";
import { getOwn, withoutNull } from "../../../protocol/objects.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import {
  CONFIG_KEYS,
  type Config,
  DEFAULTS,
  LOST_AFTER,
} from "../../../protocol/system/config-settings.js";
import { DEFAULT_LOG_LEVEL, logLevelFrom } from "../../../protocol/system/log-level.js";
import { socketPath, stateDir } from "../../../protocol/system/places.js";

type Path = [keyof Config, ...string[]];

export interface SettingInEffect {
  key: string;
  /** Undefined: none. */
  value: unknown;
}

export interface ValueSources {
  /** Options of the command. */
  options: GlobalOptions;
  env: Record<string, string | undefined>;
  config: Config;
  /** Flags of the running daemon; null: none runs. */
  flags: DaemonReply["flags"] | null;
}

/** The value of a key; the first layer that has it counts. */
function settingInEffect(path: Path, sources: ValueSources): SettingInEffect {
  const key = path.join(".");
  for (const config of layersOf(sources)) {
    const value = valueAt(config, path);
    if (value !== undefined) return { key, value };
  }
  const [name, member] = path;
  const value =
    member === undefined ? defaultsOf(sources)[name] : getOwn(memberDefaults(name), member);
  return { key, value };
}

/** The value at a path; undefined where there is none. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (held, name) =>
      typeof held === "object" && held !== null
        ? getOwn(held as Record<string, unknown>, name)
        : undefined,
    value,
  );
}

/** All settings, in the order of the documentation; of an object, each member. */
export function settingsInEffect(sources: ValueSources): SettingInEffect[] {
  return CONFIG_KEYS.flatMap((name) => {
    const whole = settingInEffect([name], sources);
    const members = layersOf(sources).flatMap((config) => leaves([name], config[name]));
    const fixed =
      name === "env" || (name === "fleet" && members.length > 0)
        ? Object.keys(memberDefaults(name))
        : [];
    const paths = new Map(
      [...fixed.map((member): Path => [name, member]), ...members].map((path) => [
        path.join("."),
        path,
      ]),
    );
    return paths.size === 0
      ? [whole]
      : [...paths.values()].map((path) => settingInEffect(path, sources));
  });
}

/** The paths of the values in an object; empty where the value is no object. */
function leaves(path: Path, value: unknown): Path[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, held]) => {
    const at: Path = [...path, name];
    const below = leaves(at, held);
    return below.length > 0 ? below : [at];
  });
}

/** The first one that has a value counts. */
function layersOf({ options, env, config, flags }: ValueSources): Config[] {
  const listed = (env.LIVEOPS_OPS ?? "")
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => resolve(dir));
  const { concurrency = null, logLevel = null, metrics = null } = flags ?? {};
  const flagged: Config = {
    ...(options.stateDir && { stateDir: resolve(options.stateDir) }),
    ...(options.socket && { socket: resolve(options.socket) }),
    ...(flags && flags.ops.length > 0 && { ops: flags.ops }),
    ...withoutNull({ concurrency, logLevel, metrics }),
    ...(flags?.fleet.url != null && { fleet: withoutNull(flags.fleet) }),
  };
  const given: Config = {
    ...(env.LIVEOPS_STATE_DIR && { stateDir: resolve(env.LIVEOPS_STATE_DIR) }),
    ...(env.LIVEOPS_SOCKET && { socket: resolve(env.LIVEOPS_SOCKET) }),
    ...(listed.length > 0 && { ops: listed }),
    ...(env.LIVEOPS_AUTOSTART && { autostart: env.LIVEOPS_AUTOSTART === "1" }),
    ...(logLevelFrom(undefined, env, undefined) !== DEFAULT_LOG_LEVEL && {
      logLevel: logLevelFrom(undefined, env, undefined),
    }),
  };
  return [flagged, given, config];
}

function defaultsOf({ options, env, config }: ValueSources): Config {
  return {
    ...DEFAULTS,
    stateDir: stateDir(options, env, config),
    socket: socketPath(options, env, config),
    concurrency: Math.max(2, availableParallelism()),
    env: memberDefaults("env"),
  };
}

/** Defaults of the members of a setting; none where the setting has no members with a default. */
function memberDefaults(name: keyof Config): Record<string, unknown> {
  if (name === "env") return { allow: [...ALLOWED_VARIABLES], fromDaemon: [] };
  if (name !== "fleet") return {};
  return {
    url: undefined,
    host: hostname(),
    tags: [],
    lostAfter: LOST_AFTER,
  };
}
