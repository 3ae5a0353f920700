/** `liveops install`: the systemd unit that runs the daemon of a user. */
import { existsSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { isLocked } from "../../../daemon/os/kernel-lock.js";
import { asWords, type DaemonOptions } from "../../../daemon/start-words.js";
import { replaceFileUnsynced } from "../../../daemon/store/durable-file.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { UsageError } from "../../../protocol/failures.js";
import { makeDirectory } from "../../../protocol/system/directories.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import { daemonScript, packageOf } from "../../../protocol/system/package-place.js";
import { socketPathProblem } from "../../../protocol/system/places.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { shellLine } from "../../../protocol/text/shell-quote.js";
import { warnOfMissing, withDaemonFlags } from "../../cli/liveopsd/daemon-options.js";
import { NODE_FLAGS, NODE_VARIABLES } from "../../cli/liveopsd/launch.js";
import { serviceRefusal, UNIT, Unit } from "../../cli/liveopsd/manager.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  everyday,
  reportTo,
} from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { nodeProgram, type UnitSpec, unitText, unitVariables } from "./unit-text.js";

interface InstallOptions extends DaemonOptions {
  remove?: boolean;
}

/** Writes the file of the unit, and prints the lines that let systemd run it. */
async function install(options: InstallOptions, to: ReportTo): Promise<void> {
  const { socket, stateDir, config } = await commandPlaces(options, process.env, "throw");
  const invalid = socketPathProblem(socket);
  if (invalid !== null) throw new UsageError(invalid);
  logLevelFrom(options.logLevel, process.env, config.logLevel);
  if (process.platform !== "linux")
    throw notInstalled(
      `${process.platform} has no systemd; without a service, the next submit starts the daemon`,
    );
  const unit = new Unit(UNIT);
  warnOfMissing(options, to);
  checkUnit(unit, stateDir);
  write(unit.file, unitText(specOf(options, stateDir)));
  for (const warning of placeWarnings(packageOf(process.argv[1]!) ?? ""))
    say(to, warning, "yellow");
  tell(`wrote ${unit.file}; to let systemd run the daemon now and at login, type:`, to);
  const stop = shellLine(["liveops", "stop", ...placeWords(options, stateDir)]);
  // Beside another daemon, the one of the unit cannot start.
  if (isLocked(layoutOf(stateDir).lock)) process.stdout.write(`${stop}\n`);
  process.stdout.write("systemctl --user daemon-reload\nsystemctl --user enable --now liveopsd\n");
}

function remove(to: ReportTo): void {
  const unit = new Unit(UNIT);
  if (unit.text === null) {
    tell("no service is installed", to);
    return;
  }
  if (unit.stateDir === null)
    throw serviceRefusal(
      "Not removed",
      `liveops install did not write ${unit.file}; remove it by hand`,
    );
  // `systemctl enable` made the link.
  for (const file of [join(dirname(unit.file), "default.target.wants", UNIT), unit.file])
    rmSync(file, { force: true });
  tell(`removed ${unit.file}; to stop its daemon (running operations continue), type:`, to);
  process.stdout.write("systemctl --user stop liveopsd\n");
}

function tell(line: string, to: ReportTo): void {
  process.stderr.write(`${to.program}: ${sanitize(line)}\n`);
}

const placeWords = ({ stateDir: given }: DaemonOptions, stateDir: string) =>
  given === undefined ? [] : ["--state-dir", stateDir];

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
function checkUnit(unit: Unit, stateDir: string): void {
  if (unit.text === null || unit.stateDir === stateDir) return;
  if (unit.stateDir === null)
    throw notInstalled(
      `${unit.file} exists, and liveops install did not write it; remove it first`,
    );
  throw notInstalled(
    `${unit.file} runs the daemon of ${unit.stateDir}; remove it first: liveops install --remove`,
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

export function registerInstall(root: Command): void {
  const command = addDaemonCommand(
    root,
    "install",
    "Write the systemd unit that runs the daemon, and print how to start it",
    ["liveops install", "liveops install --ops ./ops --concurrency 4", "liveops install --remove"],
    "own-name",
  );
  withDaemonFlags(command)
    .option("--remove", "Remove the unit, and print how to stop its daemon")
    .addHelpText(
      "after",
      "\nThe unit starts the daemon with the options of this command. A second install replaces\n" +
        "them all. Running operations continue.",
    )
    .action(async () => {
      const options = allOptions<InstallOptions>(command);
      if (options.remove) remove(reportTo(root));
      else await install(options, reportTo(root));
    });
  everyday(command, ["--ops", "--concurrency", "--remove"]);
}
