/** `liveops config`: shows the settings in effect, and reads and changes the config file. */
import type { Command } from "commander";
import { NotFoundError, UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { readConfig } from "../../../protocol/system/config.js";
import { changeConfigFile } from "../../../protocol/system/config-file.js";
import { type Config, RELOAD } from "../../../protocol/system/config-settings.js";
import { configFile } from "../../../protocol/system/places.js";
import { type Paint, paintFor } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { say } from "../../kit/report.js";
import { daemonOf, tellDaemon } from "./config-daemon.js";
import { configKey } from "./config-keys.js";
import { changedText, NEW_CONFIG, typedValue } from "./config-text.js";
import {
  type SettingInEffect,
  settingInEffect,
  settingsInEffect,
  type ValueSources,
} from "./config-values.js";

interface ConfigOptions extends GlobalOptions {
  json?: boolean;
}

export function registerConfig(root: Command): void {
  const config = addCommand(
    root,
    "config",
    "Show the settings in effect, or change the config file",
    ["liveops config", "liveops config get concurrency", "liveops config set queues.gpu.concurrency 2"],
    "none",
  );
  // Options after the name of a subcommand belong to the subcommand.
  config.enablePositionalOptions();
  addCommand(config, "get", "Print the value of a setting that is in effect", [
    "liveops config get concurrency",
    "liveops config get env.allow",
  ])
    .argument("<key>", "Name of a setting; members of an object follow a dot: fleet.url")
    .option("--json", "Print the value as JSON; null: none")
    .action(async (key: string, _options: unknown, command: Command) => printValue(key, command));
  addCommand(config, "set", "Change or remove a setting in the config file", [
    "liveops config set concurrency 4",
    "liveops config set concurrency",
    'liveops config set ops \'["~/ops", "/srv/shared/ops"]\'',
    "liveops config set hooks.onFailure 'notify-send \"failed: $LIVEOPS_TITLE\"'",
  ])
    .argument("<key>", "Name of a setting; members of an object follow a dot: fleet.url")
    .argument(
      "[value]",
      "JSON, or a text without quotes where the setting is a text; without it: the setting is removed",
    )
    .option("--json", "The value is JSON, also of a setting that is a text")
    .action(async (key: string, value: string | undefined, _options: unknown, command: Command) =>
      set(key, value, command),
    );
  addCommand(config, "path", "Print the path of the config file", ["liveops config path"]).action(() => {
    process.stdout.write(`${sanitize(configFile(process.env))}\n`);
  });
  config.option("--json", "Print the settings as JSON").action(async () => printAll(config));
}

/** The config file, and the settings before a change: they select the daemon. */
export function placesOf(command: Command) {
  const options = allOptions<ConfigOptions>(command);
  let before: Config = {};
  try {
    before = readConfig();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  return { file: configFile(process.env), options, before, to: reportTo(command) };
}

async function sourcesOf(options: GlobalOptions): Promise<ValueSources & { daemon: DaemonReply | null }> {
  const config = readConfig();
  const daemon = await daemonOf(options, config);
  const { fleet: _fleet, ...own } = options;
  const given = options.fleet === undefined ? own : {};
  return { options: given, env: process.env, config, flags: daemon?.flags ?? null, daemon };
}

async function printAll(command: Command): Promise<void> {
  const options = allOptions<ConfigOptions>(command);
  const sources = await sourcesOf(options);
  const { daemon } = sources;
  const file = configFile(process.env);
  const settings = settingsInEffect(sources);
  if (options.json) {
    const entries = settings.map(({ key, value = null }) => [
      key,
      { value, reload: RELOAD[key.split(".")[0] as keyof Config] },
    ]);
    const its = daemon === null ? null : { pid: daemon.pid, ...daemon.config };
    process.stdout.write(`${jsonLine({ file, settings: Object.fromEntries(entries), daemon: its })}\n`);
    return;
  }
  const waiting = daemon !== null && daemon.config.file === file ? daemon.config.restart : [];
  const paint = paintFor(process.stdout);
  process.stdout.write(`${configLines(settings, waiting, process.stdout.columns, paint).join("\n")}\n`);
  if (daemon !== null) for (const note of staleNotes(daemon, file)) say(reportTo(command), note, "yellow");
}

/** Least characters of a value. */
const LEAST_VALUE = 20;

/** The table of the settings. Pure. @param columns of the terminal; undefined: values are printed whole */
export function configLines(
  settings: readonly SettingInEffect[],
  waiting: readonly string[],
  columns: number | undefined,
  paint: Paint,
): string[] {
  const keys = ["SETTING", ...settings.map(({ key }) => sanitize(key))];
  const width = Math.max(...keys.map((key) => key.length));
  const left = (columns ?? Number.POSITIVE_INFINITY) - width - 2;
  const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const rows = settings.map(({ key, value }, row) => {
    const isWaiting = waiting.includes(key.split(".")[0]!);
    const note = isWaiting ? "  (after liveops restart)" : "";
    const text = value === undefined ? "-" : sanitize(textOf(value));
    const shown = cut(text, Math.max(LEAST_VALUE, left - note.length));
    return `${keys[row + 1]!.padEnd(width)}  ${shown}${paint("yellow", note)}`;
  });
  return [paint("dim", `${keys[0]!.padEnd(width)}  VALUE`), ...rows];
}

/** The value as `get` prints it: text without quotes, anything else as JSON. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : jsonLine(value);
}

function staleNotes({ pid, config }: DaemonReply, file: string): string[] {
  if (config.file !== file) return [`the running daemon (pid ${pid}) reads another file: ${config.file}`];
  if (config.problem !== null) return [`the daemon (pid ${pid}) keeps earlier settings: ${config.problem}`];
  return config.changed
    ? [`the daemon (pid ${pid}) read the file before it was changed; run: liveops reload`]
    : [];
}

async function printValue(key: string, command: Command): Promise<void> {
  const { path } = configKey(key);
  const options = allOptions<ConfigOptions>(command);
  const { value } = settingInEffect(path, await sourcesOf(options));
  if (options.json) process.stdout.write(`${jsonLine(value ?? null)}\n`);
  else if (value !== undefined) process.stdout.write(`${sanitize(textOf(value), { newlines: true })}\n`);
}

/** @param word undefined: the setting is removed, also one that liveops does not know */
async function set(key: string, word: string | undefined, command: Command): Promise<void> {
  const { file, options, before, to } = placesOf(command);
  const path = key.split(".") as [keyof Config, ...string[]];
  const value =
    word === undefined ? undefined : typedValue(word, configKey(key).schema, options.json === true);
  if (await changeSetting(path, value, file, to)) await tellDaemon([path[0]], file, options, before, to);
}

/** Returns whether the file is valid: a daemon reads no other. */
export async function changeSetting(
  path: [keyof Config, ...string[]],
  value: unknown,
  file: string,
  to: ReturnType<typeof reportTo>,
): Promise<boolean> {
  let problems: string[] = [];
  await changeConfigFile(file, (text) => {
    const changed = changedText(text ?? NEW_CONFIG, { path }, value, file);
    if (value === undefined && changed.text === (text ?? NEW_CONFIG)) throw notSet(path.join("."), file);
    problems = changed.problems;
    return changed.text;
  });
  for (const problem of problems) say(to, problem, "yellow");
  return problems.length === 0;
}

function notSet(key: string, file: string): Error {
  const known = key.split(".")[0]!;
  if (!Object.hasOwn(RELOAD, known)) configKey(key);
  return new NotFoundError(`${key} is not set in ${file}`);
}
