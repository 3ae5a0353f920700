/** `liveopsd install`: lets systemd run the daemon. A daemon that runs hands over to the service. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { replaceFileUnsynced } from "../../../daemon/store/durable-file.js";
import type { Client } from "../../../protocol/client/client.js";
import type { CommandPlaces } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import { packageOf, placeWarning } from "../../../protocol/system/package-place.js";
import { socketPathProblem } from "../../../protocol/system/places.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { VERSION } from "../../../protocol/version.js";
import { addCommand, allOptions, commandPlaces, reportTo } from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { asWords, type DaemonOptions, optionsOf, warnOfMissing, withDaemonFlags } from "./daemon-options.js";
import { launch, NODE_FLAGS } from "./launch.js";
import { ANSWER_MS, answering } from "./other-daemon.js";
import { noServiceManager, serviceFor, serviceNamed, serviceRunning } from "./service/find-service.js";
import { type InstallableService, serviceRefusal } from "./service/service.js";
import {
  keptVariables,
  nodeProgram,
  readServiceFile,
  type ServiceFile,
  type ServiceSpec,
} from "./service/service-file.js";
import { enableLinger, lingers } from "./service/systemd.js";
import { unitText } from "./service/systemd-unit.js";
import { answersNow } from "./start-by-service.js";
import { operations, stopDaemon } from "./stop.js";

interface InstallOptions extends DaemonOptions {
  name?: string;
  print?: boolean;
  force?: boolean;
  linger?: boolean;
  json?: boolean;
}

/** What `install` did, as `--json` prints it. */
interface Installed {
  service: string;
  file: string;
  /** The file was written. */
  changed: boolean;
  /** Pid of the daemon that the service runs. */
  pid: number;
  socket: string;
  /** The daemon that ran before, if it is another; running operations of it continue. */
  tookOver: { pid: number; running: number } | null;
  /** Whether the service manager runs without a login; null: always, or unknown. */
  lingers: boolean | null;
  warnings: string[];
}

/** What the service runs. Paths are absolute: the service has another directory. */
function specOf(options: DaemonOptions, stateDir: string): ServiceSpec {
  const { socket, ops } = options;
  const words = asWords({
    ...options,
    ...(socket !== undefined && { socket: resolve(socket) }),
    ...(options.stateDir !== undefined && { stateDir }),
    ...(ops !== undefined && { ops: ops.map((path) => resolve(path)) }),
  });
  return {
    node: [nodeProgram(process.env), ...NODE_FLAGS],
    script: resolve(process.argv[1]!),
    options: words,
    env: withAbsolutePaths(keptVariables(process.env)),
    stateDir,
    version: VERSION,
  };
}

function withAbsolutePaths(env: Record<string, string>): Record<string, string> {
  const absolute = { ...env };
  for (const name of ["LIVEOPS_CONFIG", "LIVEOPS_SOCKET", "LIVEOPS_STATE_DIR"])
    if (env[name] !== undefined) absolute[name] = resolve(env[name]);
  if (env.LIVEOPS_OPS !== undefined)
    absolute.LIVEOPS_OPS = env.LIVEOPS_OPS.split(":")
      .filter(Boolean)
      .map((path) => resolve(path))
      .join(":");
  return absolute;
}

async function install(options: InstallOptions, to: ReportTo): Promise<void> {
  const places = commandPlaces(options, process.env, "throw");
  const problem = socketPathProblem(places.socket);
  if (problem !== null) throw new UsageError(problem);
  logLevelFrom(options.logLevel, process.env, places.config.logLevel);
  const spec = specOf(options, places.stateDir);
  const service = serviceNamed(options.name);
  const cronWords = [...spec.node, spec.script, "start", ...spec.options];
  if (service === null)
    throw noServiceManager(`liveops knows no service manager of ${process.platform}`, cronWords);
  const text = unitText(spec);
  warnOfMissing(options, to);
  const warnings = [placeWarning(packageOf(process.argv[1]!) ?? "")].filter((each) => each !== null);
  if (options.print) {
    process.stdout.write(text);
    for (const warning of warnings) say(to, warning, "yellow");
    return;
  }
  const unusable = await service.problem();
  if (unusable !== null) throw noServiceManager(unusable, cronWords);
  const found = readServiceFile(service.file);
  checkMayWrite(service, found, places.stateDir, options.force === true);
  const client = clientFor(places, options, { answer: ANSWER_MS });
  const done = await apply({ service, found, text, client, places });
  const lingering = options.linger ? await enableLinger() : null;
  if (lingering !== null) warnings.push(`lingering could not be enabled: ${lingering}`);
  const installed: Installed = {
    ...done,
    lingers: await lingers(),
    warnings,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(installed)}\n`);
  else describe(installed, service, to);
}

/** @throws Refusal where a file of somebody else, or of another daemon, would be replaced */
function checkMayWrite(
  service: InstallableService,
  found: ServiceFile,
  stateDir: string,
  isForced: boolean,
): void {
  const other = serviceFor(stateDir);
  if (other !== null && other.file !== service.file)
    throw notInstalled(
      `${other.label} runs the daemon of ${stateDir} already; remove it first: liveopsd uninstall --state-dir ${stateDir}`,
    );
  if (isForced || found.state === "absent") return;
  if (found.state === "foreign")
    throw notInstalled(
      `${service.file} exists, and liveopsd install did not write it; replace it with --force, which keeps it as ${oldFile(service.file)}`,
    );
  if (found.origin.stateDir !== stateDir)
    throw notInstalled(
      `${service.file} runs the daemon of ${found.origin.stateDir}; give this daemon a service of its own with --name, or replace that one with --force`,
    );
  if (found.state === "changed")
    throw notInstalled(
      `${service.file} was changed since liveopsd install wrote it; replace it with --force, which keeps it as ${oldFile(service.file)}`,
    );
}

function notInstalled(why: string): Error {
  return serviceRefusal("Not installed", why);
}

/** Where the file of somebody else is kept. The service manager reads no file with this ending. */
function oldFile(file: string): string {
  return `${file}.old`;
}

interface Change {
  service: InstallableService;
  found: ServiceFile;
  text: string;
  client: Client;
  places: CommandPlaces;
}

/** Writes the file and lets the service run the daemon. After a failure everything is as before. */
async function apply(change: Change): Promise<Omit<Installed, "lingers" | "warnings">> {
  const { service, found, text, client, places } = change;
  const { name, file } = service;
  const before = await answering(client);
  const by = before === null ? null : await serviceRunning(before);
  if (before !== null && before.stateDir !== places.stateDir)
    throw notInstalled(
      `the daemon on ${before.socket} (pid ${before.pid}) keeps its state in ${before.stateDir}, not in ${places.stateDir}; choose another --socket`,
    );
  const isOwn = by !== null && by.label === service.label;
  if (by !== null && !isOwn)
    throw notInstalled(`${by.label} runs the daemon already (pid ${before!.pid}); disable it first`);
  const isSame = "text" in found && found.text === text;
  if (isSame && isOwn && (await service.isEnabled()))
    return { service: name, file, changed: false, pid: before!.pid, socket: before!.socket, tookOver: null };
  let running = before?.running ?? 0;
  try {
    if (!isSame) write(file, text, found);
    await service.enable();
    if (!isOwn) running = (await stopDaemon(client, false, places.stateDir))?.reply.running ?? 0;
    await service.restart();
    const { pid, socket } = await answersNow(client, service, before);
    const tookOver = before === null ? null : { pid: before.pid, running };
    return { service: name, file, changed: !isSame, pid, socket, tookOver };
  } catch (error) {
    await undo(change, isOwn, before).catch(() => {});
    throw error;
  }
}

function write(file: string, text: string, found: ServiceFile): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (found.state === "foreign" || found.state === "changed") renameSync(file, oldFile(file));
    replaceFileUnsynced(file, text);
  } catch (error) {
    throw notInstalled(`${file} cannot be written: ${(error as Error).message}`);
  }
}

async function undo(
  { service, found, client, places }: Change,
  isOwn: boolean,
  before: DaemonReply | null,
): Promise<void> {
  const { file } = service;
  if (found.state === "absent") {
    await service.disable().catch(() => {});
    rmSync(file, { force: true });
  } else if (existsSync(oldFile(file)) && found.state !== "ours") renameSync(oldFile(file), file);
  else if (found.state === "ours") replaceFileUnsynced(file, found.text);
  await service.forget();
  if (before === null || (await answering(client)) !== null) return;
  if (isOwn) await service.restart();
  else await launch(optionsOf(before), { ...places, socket: before.socket });
}

function describe(installed: Installed, service: InstallableService, to: ReportTo): void {
  const { file, changed, pid, socket, tookOver, warnings } = installed;
  const done = (text: string) => process.stderr.write(`${to.program}: ${sanitize(text)}\n`);
  done(changed ? `wrote ${file}` : `${file} is as it should be`);
  const atBoot = installed.lingers
    ? service.starts.replace("at login", "when the machine starts")
    : service.starts;
  done(`enabled ${service.label}: ${atBoot}`);
  if (tookOver !== null) {
    const { running } = tookOver;
    const kept = running === 0 ? "" : `, kept ${operations(running)}`;
    done(`took over from the daemon with pid ${tookOver.pid}${kept}`);
  }
  done(`the daemon (pid ${pid}) answers on ${socket}`);
  for (const warning of warnings) say(to, warning, "yellow");
  if (installed.lingers === false)
    say(
      to,
      "lingering is off: at your last logout systemd ends the daemon and its running operations, and it starts the daemon at login only; " +
        "to keep them, and to start with the machine: loginctl enable-linger",
      "yellow",
    );
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

export function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(
    `${JSON.stringify(name)} is not a valid name of a service`,
    "give letters, digits and . _ -, such as --name test",
  );
}

export const NAME_TEXT = "Name of the service, for a second daemon of yours (default: liveopsd)";

export function registerInstall(root: Command): void {
  const command = addCommand(root, "install", "Let systemd run the daemon; running operations continue", [
    "liveopsd install",
    "liveopsd install --ops ./ops --concurrency 4",
    "liveopsd install --print",
    "liveopsd install --name test --state-dir ~/test-state",
  ]);
  withDaemonFlags(command)
    .option("--name <name>", NAME_TEXT, checkedName)
    .option("--print", "Print the file of the service and change nothing")
    .option("--force", "Replace a file that liveopsd install did not write, or that was changed")
    .option(
      "--linger",
      "Also enable lingering: systemd keeps the daemon after a logout (loginctl enable-linger)",
    )
    .option("--json", "Print the result as JSON")
    .addHelpText(
      "after",
      "\nThe service starts the daemon with the options of this command. A second install replaces\n" +
        "them all. A daemon that runs now hands over to the service; running operations continue.",
    )
    .action(async () => {
      await install(allOptions<InstallOptions>(command), reportTo(root));
    });
}
