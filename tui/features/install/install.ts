/** `liveops install` and `uninstall`: the systemd unit that runs the daemon of a user. */
import { existsSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { replaceFileUnsynced } from "../../../daemon/store/durable-file.js";
import { UsageError } from "../../../protocol/failures.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import { daemonScript, packageOf } from "../../../protocol/system/package-place.js";
import { socketPathProblem } from "../../../protocol/system/places.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import {
  asWords,
  type DaemonOptions,
  warnOfMissing,
  withDaemonFlags,
} from "../../cli/liveopsd/daemon-options.js";
import { NODE_FLAGS, NODE_VARIABLES } from "../../cli/liveopsd/launch.js";
import { serviceRefusal, Unit, unitFor } from "../../cli/liveopsd/manager.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  everyday,
  type GlobalOptions,
  reportTo,
} from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { nodeProgram, type UnitSpec, unitText, unitVariables } from "./unit-text.js";

interface InstallOptions extends DaemonOptions {
  name?: string;
  print?: boolean;
  json?: boolean;
}

async function install(options: InstallOptions, to: ReportTo): Promise<void> {
  const { socket, stateDir, config } = await commandPlaces(options, process.env, "throw");
  const invalid = socketPathProblem(socket);
  if (invalid !== null) throw new UsageError(invalid);
  logLevelFrom(options.logLevel, process.env, config.logLevel);
  warnOfMissing(options, to);
  const text = unitText(specOf(options, stateDir));
  const warnings = placeWarnings(packageOf(process.argv[1]!) ?? "");
  const warn = () => {
    for (const warning of warnings) say(to, warning, "yellow");
  };
  if (options.print) {
    process.stdout.write(text);
    return warn();
  }
  const unit = unitNamed(options.name);
  const problem = await unit.problem();
  if (problem !== null)
    throw notInstalled(`${problem}; without a service, the next submit starts the daemon`);
  const { name, file, text: before } = unit;
  checkUnit(unit, before, stateDir);
  const changed = before !== text;
  if (changed) write(file, text);
  const tell = (...words: string[]) => unit.tell("Not installed", ...words);
  const ran = [await tell("daemon-reload"), await tell("enable", "--now", name)];
  // A unit that runs keeps its former command until a restart.
  if (changed && before !== null) ran.push(await tell("restart", name));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ service: name, file, changed, ran, warnings })}\n`);
    return;
  }
  const done = [changed ? `wrote ${file}` : `${file} has these settings already`];
  done.push(...ran.map((line) => `ran ${line}`));
  done.push("systemd starts the daemon at login; to start it with the machine: loginctl enable-linger");
  tellDone(done, to);
  warn();
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
    env: { ...NODE_VARIABLES, ...withAbsolutePaths(unitVariables(process.env, node)) },
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
      `the service runs liveops from the cache of npx (${dir}), which npm may clean; install liveops to keep it: npm install -g ./liveops-0.1.0.tgz, then: liveops install`,
    ];
  if (existsSync(join(dir, ".git")))
    return [
      `the service runs liveops from a checkout (${dir}): each build and each git switch changes the daemon of the next start`,
    ];
  return [];
}

/** @throws Refusal where a file of somebody else, or of another daemon, would be replaced */
function checkUnit(unit: Unit, text: string | null, stateDir: string): void {
  const other = unitFor(stateDir);
  if (other !== null && other.name !== unit.name)
    throw notInstalled(
      `${other.label} runs the daemon of ${stateDir} already; remove it first: liveops uninstall --state-dir ${stateDir}`,
    );
  if (text === null || unit.stateDir === stateDir) return;
  if (unit.stateDir === null)
    throw notInstalled(`${unit.file} exists, and liveops install did not write it; remove it first`);
  throw notInstalled(
    `${unit.file} runs the daemon of ${unit.stateDir}; give this daemon a service of its own with --name`,
  );
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

function tellDone(lines: readonly string[], to: ReportTo): void {
  for (const line of lines) process.stderr.write(`${to.program}: ${sanitize(line)}\n`);
}

interface UninstallOptions extends GlobalOptions {
  name?: string;
  json?: boolean;
}

async function uninstall(options: UninstallOptions, to: ReportTo): Promise<void> {
  const { stateDir } = await commandPlaces(options);
  const { name } = options;
  const unit = name === undefined ? unitFor(stateDir) : unitNamed(name);
  const removed = unit !== null && unit.text !== null;
  const done = [`no service is installed for ${name ?? stateDir}`];
  if (removed) {
    if (unit.stateDir === null)
      throw serviceRefusal("Not removed", `liveops install did not write ${unit.file}; remove it by hand`);
    done[0] = `ran ${await unit.tell("Not removed", "disable", "--now", unit.name)}`;
    rmSync(unit.file, { force: true });
    done.push(`removed ${unit.file}`, `ran ${await unit.tell("Not removed", "daemon-reload")}`);
    done.push("the state stays, and running operations continue; to start the daemon: liveops start");
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ service: unit?.name ?? null, removed })}\n`);
  else tellDone(done, to);
}

/** @param name of several daemons of one user; undefined: the usual name */
function unitNamed(name: string | undefined): Unit {
  return new Unit(name === undefined ? "liveopsd.service" : `liveopsd-${name}.service`);
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(
    `${JSON.stringify(name)} is not a valid name of a service`,
    "give letters, digits and . _ -, such as --name test",
  );
}

const NAME_TEXT = "Name of the service, for a second daemon of yours (default: liveopsd)";

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
    .option("--json", "Print the result as JSON")
    .addHelpText(
      "after",
      "\nThe service starts the daemon with the options of this command. A second install replaces\n" +
        "them all. A daemon that runs now hands over to the service; running operations continue.",
    )
    .action(async () => {
      await install(allOptions<InstallOptions>(command), reportTo(root));
    });
  everyday(command, ["--ops", "--concurrency", "--name", "--print", "--json"]);
}

export function registerUninstall(root: Command): void {
  const command = addDaemonCommand(
    root,
    "uninstall",
    "Remove the service that install made, and stop its daemon",
    ["liveops uninstall", "liveops uninstall --name test"],
    "none",
  );
  command
    .option("--name <name>", NAME_TEXT, checkedName)
    .option("--json", "Print the result as JSON")
    .addHelpText("after", "\nRunning operations continue. State directory and config file stay.")
    .action(async () => {
      await uninstall(allOptions<UninstallOptions>(command), reportTo(root));
    });
}
