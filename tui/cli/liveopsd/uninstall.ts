/** `liveopsd uninstall`: removes the service that `install` made, and stops its daemon. Running operations continue. */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { clientFor } from "../../../protocol/client/find-daemon.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions, reportTo } from "../../kit/options.js";
import type { ReportTo } from "../../kit/report.js";
import { checkedName, NAME_TEXT } from "./install.js";
import { ANSWER_MS, answering } from "./other-daemon.js";
import { serviceFor, serviceNamed } from "./service/find-service.js";
import { type InstallableService, serviceRefusal } from "./service/service.js";
import { readServiceFile, type ServiceFile } from "./service/service-file.js";
import { operations } from "./stop.js";

interface UninstallOptions extends GlobalOptions {
  name?: string;
  force?: boolean;
  json?: boolean;
}

/** What `uninstall` did, as `--json` prints it. */
interface Uninstalled {
  service: string | null;
  file: string | null;
  removed: boolean;
  /** The daemon that the service ran; its running operations continue. */
  stopped: { pid: number; running: number } | null;
}

async function uninstall(options: UninstallOptions): Promise<Uninstalled> {
  const places = commandPlaces(options);
  const service =
    options.name === undefined
      ? (serviceFor(places.stateDir) ?? serviceNamed(undefined))
      : serviceNamed(options.name);
  const nothing = {
    service: service?.name ?? null,
    file: service?.file ?? null,
    removed: false,
    stopped: null,
  };
  if (service === null) return nothing;
  const found = readServiceFile(service.file);
  if (found.state === "absent") return nothing;
  if (!options.force) checkMayRemove(service, found, options.name === undefined ? places.stateDir : null);
  const problem = await service.problem();
  if (problem !== null)
    throw notRemoved(`${service.label} cannot be disabled: ${problem}; nothing was changed`);
  const pid = await service.mainPid();
  const daemon = pid === null ? null : await answering(clientFor(places, options, { answer: ANSWER_MS }));
  await service.disable();
  rmSync(service.file, { force: true });
  await service.forget();
  const running = daemon !== null && daemon.pid === pid ? daemon.running : 0;
  return {
    service: service.name,
    file: service.file,
    removed: true,
    stopped: pid === null ? null : { pid, running },
  };
}

/** @param stateDir whose service it must be; null: it was named */
function checkMayRemove({ file }: InstallableService, found: ServiceFile, stateDir: string | null): void {
  if (found.state === "foreign")
    throw notRemoved(`liveopsd install did not write ${file}; remove it with --force`);
  if ("origin" in found && stateDir !== null && found.origin.stateDir !== stateDir)
    throw notRemoved(
      `${file} runs the daemon of ${found.origin.stateDir}, not of ${stateDir}; remove it with --state-dir ${found.origin.stateDir}`,
    );
  if (found.state === "changed")
    throw notRemoved(`${file} was changed since liveopsd install wrote it; remove it with --force`);
}

function notRemoved(why: string): Error {
  return serviceRefusal("Not removed", why);
}

function describe({ service, file, removed, stopped }: Uninstalled, to: ReportTo): void {
  const done = (text: string) => process.stderr.write(`${to.program}: ${sanitize(text)}\n`);
  if (!removed) {
    done(`no service is installed${file === null ? "" : ` (${file})`}`);
    return;
  }
  done(`disabled ${service} and removed ${file}; the state is kept`);
  if (stopped === null) return;
  const { pid, running } = stopped;
  const kept =
    running === 0
      ? ""
      : `; ${operations(running)} ${running === 1 ? "continues" : "continue"} without the daemon`;
  done(`stopped the daemon (pid ${pid})${kept}; to start it without a service: liveopsd start`);
}

export function registerUninstall(root: Command): void {
  const command = addCommand(root, "uninstall", "Remove the service that install made, and stop its daemon", [
    "liveopsd uninstall",
    "liveopsd uninstall --name test",
  ]);
  command
    .option("--name <name>", NAME_TEXT, checkedName)
    .option("--force", "Remove a file that liveopsd install did not write, or that was changed")
    .option("--json", "Print the result as JSON")
    .addHelpText("after", "\nRunning operations continue. State directory and config file stay.")
    .action(async () => {
      const options = allOptions<UninstallOptions>(command);
      const done = await uninstall(options);
      if (options.json) process.stdout.write(`${JSON.stringify(done)}\n`);
      else describe(done, reportTo(root));
    });
}
