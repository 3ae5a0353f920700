/** `liveops install`: lets systemd run the daemon. The unit starts with `--take-over`: a running daemon hands over. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { replaceFileUnsynced } from "../../../daemon/store/durable-file.js";
import type { CommandPlaces } from "../../../protocol/client/daemon-address.js";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import { daemonScript, packageOf } from "../../../protocol/system/package-place.js";
import { socketPathProblem } from "../../../protocol/system/places.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import {
  asWords,
  type DaemonOptions,
  warnOfMissing,
  withDaemonFlags,
} from "../../cli/liveopsd/daemon-options.js";
import { NODE_FLAGS } from "../../cli/liveopsd/launch.js";
import { ANSWER_MS, answering } from "../../cli/liveopsd/other-daemon.js";
import { operations } from "../../cli/liveopsd/stop.js";
import { addDaemonCommand, allOptions, commandPlaces, everyday, reportTo } from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import {
  enableLinger,
  lingers,
  serviceRefusal,
  type Unit,
  unitFor,
  unitNamed,
  unitRunning,
} from "./service/systemd.js";
import { nodeProgram, type UnitSpec, unitText, unitVariables } from "./service/unit-text.js";
import { answersNow } from "./start-by-unit.js";

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
  /** Pid of the daemon that the unit runs. */
  pid: number;
  socket: string;
  /** The daemon that ran before without the unit; its running operations continue. */
  tookOver: { pid: number; running: number } | null;
  /** Whether systemd keeps the user's manager without a login; null: unknown. */
  lingers: boolean | null;
  warnings: string[];
}

async function install(options: InstallOptions, to: ReportTo): Promise<void> {
  const places = await commandPlaces(options, process.env, "throw");
  const problem = socketPathProblem(places.socket);
  if (problem !== null) throw new UsageError(problem);
  logLevelFrom(options.logLevel, process.env, places.config.logLevel);
  const spec = specOf(options, places.stateDir);
  const unit = unitNamed(options.name);
  if (process.platform !== "linux") throw noSystemd(`${process.platform} has no systemd`, spec);
  warnOfMissing(options, to);
  const warnings = placeWarnings(packageOf(process.argv[1]!) ?? "");
  if (options.print) {
    process.stdout.write(unitText(spec));
    for (const warning of warnings) say(to, warning, "yellow");
    return;
  }
  const unusable = await unit.problem();
  if (unusable !== null) throw noSystemd(unusable, spec);
  const client = clientFor(places, options, { answer: ANSWER_MS });
  const before = await answering(client);
  const by = before === null ? null : await unitRunning(before);
  checkUnit(unit, places, options.force === true);
  checkDaemon(unit, places, before, by);
  const changed = unit.text !== unitText(spec);
  if (changed) write(unit.file, unitText(spec));
  await unit.enable();
  const isRunning = by !== null && !changed;
  if (!isRunning) await unit.start("restart");
  const { pid, socket } = await answersNow(client, unit, isRunning ? null : before);
  const lingering = options.linger ? await enableLinger() : null;
  if (lingering !== null) warnings.push(`lingering could not be enabled: ${lingering}`);
  const tookOver = before === null || by !== null ? null : { pid: before.pid, running: before.running };
  const { name, file } = unit;
  const done = { service: name, file, changed, pid, socket, tookOver, lingers: await lingers(), warnings };
  if (options.json) process.stdout.write(`${JSON.stringify(done)}\n`);
  else describe(done, unit, to);
}

/** What the unit runs. Paths are absolute: the unit has another directory. */
function specOf(options: DaemonOptions, stateDir: string): UnitSpec {
  const { socket, ops } = options;
  const words = asWords({
    ...options,
    ...(socket !== undefined && { socket: resolve(socket) }),
    ...(options.stateDir !== undefined && { stateDir }),
    ...(ops !== undefined && { ops: ops.map((path) => resolve(path)) }),
  });
  const node = nodeProgram(process.env);
  return {
    node: [node, ...NODE_FLAGS],
    script: daemonScript(process.argv[1]!),
    options: words,
    env: withAbsolutePaths(unitVariables(process.env, node)),
    stateDir,
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

/** Why the unit may lose this package. */
export function placeWarnings(dir: string): string[] {
  if (/[\\/]_npx[\\/]/.test(dir))
    return [
      `the service runs liveops from the cache of npx (${dir}), which npm may clean; install liveops to keep it: npm install -g liveops, then: liveops install`,
    ];
  if (existsSync(join(dir, ".git")))
    return [
      `the service runs liveops from a checkout (${dir}): each build and each git switch changes the daemon of the next start`,
    ];
  return [];
}

/** @throws Refusal where a file of somebody else, or of another daemon, would be replaced */
function checkUnit(unit: Unit, { stateDir }: CommandPlaces, isForced: boolean): void {
  const other = unitFor(stateDir);
  if (other !== null && other.name !== unit.name)
    throw notInstalled(
      `${other.label} runs the daemon of ${stateDir} already; remove it first: liveops uninstall --state-dir ${stateDir}`,
    );
  if (isForced || unit.text === null || unit.stateDir === stateDir) return;
  if (unit.stateDir === null)
    throw notInstalled(`${unit.file} exists, and liveops install did not write it; replace it with --force`);
  throw notInstalled(
    `${unit.file} runs the daemon of ${unit.stateDir}; give this daemon a service of its own with --name, or replace that one with --force`,
  );
}

/** @throws Refusal where the unit could not take the place of the daemon that answers now */
function checkDaemon(
  unit: Unit,
  { stateDir }: CommandPlaces,
  before: DaemonReply | null,
  by: Unit | null,
): void {
  if (before !== null && before.stateDir !== stateDir)
    throw notInstalled(
      `the daemon on ${before.socket} (pid ${before.pid}) keeps its state in ${before.stateDir}, not in ${stateDir}; choose another --socket`,
    );
  if (by !== null && by.label !== unit.label)
    throw notInstalled(`${by.label} runs the daemon already (pid ${before!.pid}); disable it first`);
}

function write(file: string, text: string): void {
  try {
    makeDirectory(dirname(file), 0o700);
    replaceFileUnsynced(file, text);
  } catch (error) {
    throw notInstalled(`${file} cannot be written: ${(error as Error).message}`);
  }
}

function notInstalled(why: string): Error {
  return serviceRefusal("Not installed", why);
}

function noSystemd(why: string, { node, script, options }: UnitSpec): Error {
  // In a crontab, a percent sign ends the command.
  const line = `@reboot ${shellLine([...node, script, "start", ...options]).replaceAll("%", "\\%")}`;
  return notInstalled(
    `${why}; instead, let cron start the daemon (crontab -e): ${line}\n` +
      "or leave it to the next submit, which starts the daemon where none runs",
  );
}

function describe(installed: Installed, unit: Unit, to: ReportTo): void {
  const { file, changed, pid, socket, tookOver, warnings } = installed;
  const done = (text: string) => process.stderr.write(`${to.program}: ${sanitize(text)}\n`);
  done(changed ? `wrote ${file}` : `${file} has these settings already`);
  const when = installed.lingers ? "when the machine starts" : "at login";
  done(`enabled ${unit.label}: systemd starts the daemon ${when}`);
  if (tookOver !== null) {
    const running = tookOver.running === 0 ? "" : `, kept ${operations(tookOver.running)}`;
    done(`took over from the daemon with pid ${tookOver.pid}${running}`);
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
  const command = addDaemonCommand(
    root,
    "install",
    "Let systemd run the daemon; running operations continue",
    [
      "liveops install",
      "liveops install --ops ./ops --concurrency 4",
      "liveops install --print",
      "liveops install --name test --state-dir ~/test-state",
    ],
    "own-name",
  );
  withDaemonFlags(command)
    .option("--name <name>", NAME_TEXT, checkedName)
    .option("--print", "Print the file of the service and change nothing")
    .option("--force", "Replace a file that liveops install did not write")
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
  everyday(command, ["--ops", "--concurrency", "--name", "--print", "--linger", "--json"]);
}
