/**
 * `liveops config`: prints the path of the config file, the settings in effect, and the problems of
 * the file.
 */
import type { Command } from "commander";
import {
  ConnectionLostError,
  NoAnswerError,
  NoDaemonError,
} from "../../../protocol/client/errors.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { Refusal } from "../../../protocol/errors.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { readUsableConfig } from "../../../protocol/system/config.js";
import type { Config } from "../../../protocol/system/config-settings.js";
import { configFile, socketPath, stateDir } from "../../../protocol/system/places.js";
import { type Paint, paintFor } from "../../../protocol/text/colour.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { say } from "../../kit/report.js";
import { type SettingInEffect, settingsInEffect } from "./config-values.js";

/** Milliseconds that a daemon may take to answer. */
const ANSWER_MS = 2000;

export function registerConfig(root: Command): void {
  const command = addCommand(
    root,
    "config",
    "Print the config file, the settings in effect, and the problems of the file",
    ["liveops config"],
    "none",
  );
  command.action(async () => printAll(command));
}

/**
 * The daemon of this machine that these settings select; null: none answers. Other machines have
 * own config files.
 */
async function daemonOf(options: GlobalOptions, config: Config): Promise<DaemonReply | null> {
  if (options.remote !== undefined) return null;
  const { env } = process;
  const socket = socketPath(options, env, config);
  const places = { socket, stateDir: stateDir(options, env, config), config };
  try {
    return await clientFor(places, options, { answer: ANSWER_MS }).daemon();
  } catch (error) {
    const silent = [NoDaemonError, ConnectionLostError, NoAnswerError, Refusal];
    if (silent.some((kind) => error instanceof kind)) return null;
    throw error;
  }
}

/** @throws UsageError with the problems of the file, once the rest is printed */
async function printAll(command: Command): Promise<void> {
  const options = allOptions<GlobalOptions>(command);
  const { config, problem } = readUsableConfig();
  const daemon = await daemonOf(options, config);
  const file = configFile(process.env);
  const sources = { options, env: process.env, config, flags: daemon?.flags ?? null };
  const settings = settingsInEffect(sources);
  const lines = configLines(settings, process.stdout.columns, paintFor(process.stdout));
  process.stdout.write(`${sanitize(file)}\n\n${lines.join("\n")}\n`);
  if (daemon !== null)
    for (const note of staleNotes(daemon, file)) say(reportTo(command), note, "yellow");
  if (problem !== null) throw problem;
}

/** Least characters of a value. */
const LEAST_VALUE = 20;

/**
 * The table of the settings. Pure. @param columns of the terminal; undefined: values are printed
 * whole
 */
export function configLines(
  settings: readonly SettingInEffect[],
  columns: number | undefined,
  paint: Paint,
): string[] {
  const keys = ["SETTING", ...settings.map(({ key }) => sanitize(key))];
  const width = Math.max(...keys.map((key) => key.length));
  const most = Math.max(LEAST_VALUE, (columns ?? Number.POSITIVE_INFINITY) - width - 2);
  const rows = settings.map(({ value }, row) => {
    const text =
      value === undefined ? "-" : sanitize(typeof value === "string" ? value : jsonLine(value));
    const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    return `${keys[row + 1]!.padEnd(width)}  ${shown}`;
  });
  return [paint("dim", `${keys[0]!.padEnd(width)}  VALUE`), ...rows];
}

function staleNotes({ pid, config }: DaemonReply, file: string): string[] {
  if (config.file !== file)
    return [`the running daemon (pid ${pid}) reads another file: ${config.file}`];
  return config.changed
    ? [`the daemon (pid ${pid}) read the file before it was changed; run: liveops restart`]
    : [];
}
