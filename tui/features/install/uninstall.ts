/** `liveops uninstall`: removes the unit that `install` made, and stops its daemon. Running operations continue. */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { ANSWER_MS, answering } from "../../cli/liveopsd/other-daemon.js";
import { operations } from "../../cli/liveopsd/stop.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  type GlobalOptions,
  reportTo,
} from "../../kit/options.js";
import type { ReportTo } from "../../kit/report.js";
import { checkedName, NAME_TEXT } from "./install.js";
import { serviceRefusal, type Unit, unitFor, unitNamed } from "./service/systemd.js";

interface UninstallOptions extends GlobalOptions {
  name?: string;
  force?: boolean;
  json?: boolean;
}

/** What `uninstall` did, as `--json` prints it. */
interface Uninstalled {
  service: string;
  file: string;
  removed: boolean;
  /** The daemon that the unit ran; its running operations continue. */
  stopped: { pid: number; running: number } | null;
}

async function uninstall(options: UninstallOptions): Promise<Uninstalled> {
  const places = await commandPlaces(options);
  const { name } = options;
  const unit = (name === undefined ? unitFor(places.stateDir) : null) ?? unitNamed(name);
  const { file } = unit;
  if (process.platform !== "linux" || unit.text === null)
    return { service: unit.name, file, removed: false, stopped: null };
  if (!options.force) checkMayRemove(unit, name === undefined ? places.stateDir : null);
  const problem = await unit.problem();
  if (problem !== null) throw notRemoved(`${unit.label} cannot be disabled: ${problem}; nothing was changed`);
  const pid = await unit.mainPid();
  const daemon = pid === null ? null : await answering(clientFor(places, options, { answer: ANSWER_MS }));
  await unit.disable();
  rmSync(file, { force: true });
  await unit.forget();
  const running = daemon !== null && daemon.pid === pid ? daemon.running : 0;
  return { service: unit.name, file, removed: true, stopped: pid === null ? null : { pid, running } };
}

/** @param stateDir whose unit it must be; null: it was named */
function checkMayRemove(unit: Unit, stateDir: string | null): void {
  if (unit.stateDir === null)
    throw notRemoved(`liveops install did not write ${unit.file}; remove it with --force`);
  if (stateDir !== null && unit.stateDir !== stateDir)
    throw notRemoved(
      `${unit.file} runs the daemon of ${unit.stateDir}, not of ${stateDir}; remove it with --state-dir ${unit.stateDir}`,
    );
}

function notRemoved(why: string): Error {
  return serviceRefusal("Not removed", why);
}

function describe({ service, file, removed, stopped }: Uninstalled, to: ReportTo): void {
  const done = (text: string) => process.stderr.write(`${to.program}: ${sanitize(text)}\n`);
  if (!removed) {
    done(`no service is installed (${file})`);
    return;
  }
  done(`disabled ${service} and removed ${file}; the state is kept`);
  if (stopped === null) return;
  const { pid, running } = stopped;
  const kept =
    running === 0
      ? ""
      : `; ${operations(running)} ${running === 1 ? "continues" : "continue"} without the daemon`;
  done(`stopped the daemon (pid ${pid})${kept}; to start it without a service: liveops start`);
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
    .option("--force", "Remove a file that liveops install did not write")
    .option("--json", "Print the result as JSON")
    .addHelpText("after", "\nRunning operations continue. State directory and config file stay.")
    .action(async () => {
      const options = allOptions<UninstallOptions>(command);
      const done = await uninstall(options);
      if (options.json) process.stdout.write(`${JSON.stringify(done)}\n`);
      else describe(done, reportTo(root));
    });
}
