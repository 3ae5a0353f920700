/** `liveops notify add`: checks the settings of a channel, and writes the channel into the config file. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import {
  CHANNEL_KIND_NAMES,
  CHANNEL_KINDS,
  type ChannelKind,
  isReference,
} from "../../../protocol/features/notices/config-channels.js";
import { addressesProblem } from "../../../protocol/features/notices/mail-addresses.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import { DEFAULT_EVENTS, EVENT_NAMES, NOTICE_EVENTS } from "../../../protocol/notices.js";
import { getOwn } from "../../../protocol/objects.js";
import { type JsonSchema, objectShape } from "../../../protocol/schema/json-schema.js";
import { misfitOf, unknownName } from "../../../protocol/schema/misfit.js";
import { readUsableConfig } from "../../../protocol/system/config.js";
import { inHome } from "../../../protocol/system/places.js";
import { nearest } from "../../../protocol/text/nearest.js";
import { changeSetting, placesOf } from "../../cli/config/config.js";
import { daemonOf, tellDaemon } from "../../cli/config/config-daemon.js";
import { givenDuration } from "../../kit/given-duration.js";
import { addCommand, type GlobalOptions } from "../../kit/options.js";
import { type OutputOptions, printResult } from "../../kit/output/options.js";
import { type ReportTo, say } from "../../kit/report.js";

interface ChannelOptions {
  events?: string[];
  longerThan?: string;
  op?: string[];
  queue?: string[];
  label?: string[];
  quiet?: string;
}

interface AddOptions extends ChannelOptions, OutputOptions {
  name?: string;
  replace?: boolean;
}

/** What other programs call the kinds. */
const KINDS_MEANT: Record<string, ChannelKind> = {
  discord: "slack",
  mattermost: "slack",
  email: "mail",
  smtp: "mail",
  sendmail: "mail",
  http: "webhook",
  push: "ntfy",
  "notify-send": "desktop",
  osascript: "desktop",
  exec: "command",
  script: "command",
};

const list = (text: string) => text.split(",").map((word) => word.trim());

export function registerAdd(notify: Command): void {
  addCommand(notify, "add", "Add a channel to the config file, and print its name", [
    "liveops notify add ntfy topic=my-builds --name phone --quiet 22:00-07:00",
    "liveops notify add slack url=file:~/.config/liveops/slack-url --events failed,missed,trouble",
    "liveops notify add mail to=me@example.org --events finished --longer-than 1h",
    "liveops notify add mail to=me@example.org smtp=smtp://mail.example.org user=me password=env:MAIL_PASSWORD",
    "liveops notify add webhook url=https://example.org/hook secret=file:~/.config/liveops/hook-key",
    "liveops notify add command run='logger \"$LIVEOPS_NOTICE_TITLE\"' --op 'backup*'",
  ])
    .usage("[options] <kind> [setting=value...]")
    .argument("<kind>", `Kind of the channel: ${CHANNEL_KIND_NAMES.join(", ")}`)
    .argument("[setting=value...]", "Settings of the kind; a secret is env:NAME or file:PATH")
    .option("--name <name>", "Name of the channel (default: the kind)")
    .option("--events <names>", `Events to tell, separated by commas: ${EVENT_NAMES.join(", ")}`, list)
    .option("--longer-than <duration>", "Least duration for the event finished (default: 60s)")
    .option("--op <names>", "Only operations of these types, separated by commas; * is a wildcard", list)
    .option("--queue <names>", "Only operations of these queues", list)
    .option("--label <labels>", "Only operations with these labels", list)
    .option("--quiet <hours>", "Hours without notices, such as 22:00-07:00; they follow afterwards")
    .addOption(new Option("--replace", "Replace the channel of this name"))
    .option("--json", "Print the channel as JSON")
    .addHelpText("after", `\nKinds and their settings:\n${kindLines()}\n\nEvents:\n${eventLines()}`)
    .action(async (kind: string, words: string[], options: AddOptions, command: Command) => {
      await addChannel(kind, words, options, command);
    });
}

function kindLines(): string {
  return CHANNEL_KIND_NAMES.flatMap((kind) => {
    const { description, properties } = CHANNEL_KINDS[kind];
    const settings = Object.entries<{ description: string }>(properties);
    return [`  ${kind}: ${description}`, ...settings.map(([name, it]) => `    ${name}  ${it.description}`)];
  }).join("\n");
}

function eventLines(): string {
  const width = Math.max(...EVENT_NAMES.map((name) => name.length));
  return EVENT_NAMES.map(
    (name) =>
      `  ${name.padEnd(width)}  ${NOTICE_EVENTS[name]}${DEFAULT_EVENTS.includes(name) ? "" : " (not by default)"}`,
  ).join("\n");
}

async function addChannel(
  word: string,
  words: string[],
  options: AddOptions,
  command: Command,
): Promise<void> {
  const { kind, settings, channel } = channelFrom(word, words, options);
  const { name = kind } = options;
  const { file, options: all, before, to } = placesOf(command);
  if (getOwn(before.notify ?? {}, name) !== undefined && !options.replace)
    throw new UsageError(
      `there is a channel ${name} already`,
      `give another name with --name, replace it with --replace, or remove it: liveops notify rm ${name}`,
    );
  const isValid = await changeSetting(["notify", name], channel, file, to);
  if (isValid) await tellDaemon(["notify"], file, all, before, to);
  await sayProblem(name, settings, all, to);
  printResult(options, { channel: name, ...channel }, name);
}

/** The channel of the words of the command. @throws UsageError, which quotes no value */
export function channelFrom(
  word: string,
  words: readonly string[],
  { events, longerThan: least, op, queue, label, quiet }: ChannelOptions = {},
) {
  const kind = kindFrom(word);
  const settings = settingsFrom(kind, words);
  const longerThan = least === undefined ? undefined : givenDuration("--longer-than", least, "10m or 1h");
  const channel: Channel = {
    [kind]: settings,
    ...(events && { events: events.map(eventFrom) }),
    ...(longerThan !== undefined && { longerThan }),
    ...(op && { op }),
    ...(queue && { queue }),
    ...(label && { label }),
    ...(quiet !== undefined && { quiet }),
  };
  return { kind, settings, channel };
}

/** @throws UsageError with the kinds */
function kindFrom(word: string): ChannelKind {
  const kind = CHANNEL_KIND_NAMES.find((name) => name === word);
  if (kind !== undefined) return kind;
  const near = getOwn(KINDS_MEANT, word.toLowerCase()) ?? nearest(word, CHANNEL_KIND_NAMES, 1)[0];
  const kinds = `kinds: ${CHANNEL_KIND_NAMES.join(", ")}`;
  throw new UsageError(
    `there is no kind of channel ${JSON.stringify(word)}`,
    near === undefined
      ? `${kinds}; webhook and command reach any other service`
      : `did you mean ${near}? ${kinds}`,
  );
}

function eventFrom(word: string) {
  const event = EVENT_NAMES.find((name) => name === word);
  if (event !== undefined) return event;
  const [near] = nearest(word, EVENT_NAMES);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  throw new UsageError(
    `--events: there is no event ${JSON.stringify(word)}`,
    `${hint}Events: ${EVENT_NAMES.join(", ")}`,
  );
}

/** The settings of the words, with absolute paths of secrets. @throws UsageError, which quotes no value */
function settingsFrom(kind: ChannelKind, words: readonly string[]): Record<string, string> {
  const schema: JsonSchema = CHANNEL_KINDS[kind];
  const settings: Record<string, string> = {};
  for (const word of words) {
    const cut = word.indexOf("=");
    if (cut < 1)
      throw new UsageError(`${kind}: ${JSON.stringify(word)} is not setting=value`, settingsOf(kind, schema));
    const name = word.slice(0, cut);
    const { properties } = objectShape(schema, schema)!;
    if (!properties.has(name))
      throw new UsageError(`${kind} ${unknownName(name, properties.keys())}`, settingsOf(kind, schema));
    if (Object.hasOwn(settings, name))
      throw new UsageError(`${kind}: ${name} was given more than once`, settingsOf(kind, schema));
    settings[name] = absolute(word.slice(cut + 1));
  }
  const misfit = misfitOf(settings, schema);
  if (misfit !== null) {
    const name = String(misfit.at[0] ?? "");
    throw new UsageError(
      `${kind}: ${misfit.text}`,
      isSecret(kind, name) ? inFile(kind, name) : settingsOf(kind, schema),
    );
  }
  for (const [name, value] of Object.entries(settings)) {
    checkFile(`${kind}: ${name}`, value);
    const isAddress = kind === "mail" && (name === "to" || name === "from") && !isReference(value);
    const problem = isAddress ? addressesProblem(value) : null;
    if (problem !== null) throw new UsageError(`mail: ${name} ${problem}`, settingsOf(kind, schema));
  }
  return settings;
}

function isSecret(kind: ChannelKind, name: string): boolean {
  const setting = (CHANNEL_KINDS[kind].properties as Record<string, { expected?: string } | undefined>)[name];
  return setting?.expected !== undefined;
}

function inFile(kind: ChannelKind, name: string): string {
  const file = `~/.config/liveops/${kind}-${name}`;
  return `write it into a file: (umask 077; cat > ${file}), then give ${name}=file:${file}`;
}

function absolute(value: string): string {
  return value.startsWith("file:") && !/^file:~?\//.test(value) && value !== "file:"
    ? `file:${resolve(value.slice("file:".length))}`
    : value;
}

/** A file that the daemon could not read either. */
function checkFile(what: string, value: string): void {
  if (!value.startsWith("file:")) return;
  const path = inHome(value.slice("file:".length), process.env);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `${what}: the file cannot be read: ${(error as Error).message}`,
      `write the secret into ${path} first, and make it readable for you alone: chmod 600`,
    );
  }
  if (text.trim() === "") throw new UsageError(`${what}: ${path} is empty`, "write the secret into it first");
}

function settingsOf(kind: ChannelKind, schema: JsonSchema): string {
  const { properties, required } = objectShape(schema, schema)!;
  const names = [...properties.keys()];
  if (names.length === 0) return `${kind} takes no settings`;
  const needs = [...required].length === 0 ? "" : `, and needs ${[...required].join(", ")}`;
  return `${kind} takes ${names.join(", ")}${needs}; see: liveops notify add --help`;
}

/** Says at once what keeps the daemon from sending; without a daemon, which variable is not set here. */
async function sayProblem(
  name: string,
  settings: Record<string, string>,
  options: GlobalOptions,
  to: ReportTo,
): Promise<void> {
  const daemon = await daemonOf(options, readUsableConfig().config);
  const its = daemon?.channels.find(({ channel }) => channel === name);
  const unset = Object.values(settings)
    .filter((value) => value.startsWith("env:"))
    .map((value) => value.slice("env:".length))
    .filter((variable) => !process.env[variable]);
  const problem =
    its !== undefined
      ? its.problem
      : unset.length === 0
        ? null
        : `the variable ${unset[0]} is not set here: set it where liveopsd starts, or use file:PATH`;
  say(to, problem ?? `try it: liveops notify test ${name}`, "yellow");
}
