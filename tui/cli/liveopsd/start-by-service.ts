/**
 * Starts and restarts the daemon through its service, where `liveopsd install` made one or a service runs the daemon.
 * So the service manager always knows the daemon, and does not start a second one.
 */
import { existsSync } from "node:fs";
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { until } from "../../../protocol/system/until.js";
import { type ReportTo, say } from "../../kit/report.js";
import { type DaemonOptions, optionsOf, ownWords } from "./daemon-options.js";
import { installLine } from "./install-line.js";
import { answering, OTHER_MS } from "./other-daemon.js";
import { serviceFor, serviceRunning } from "./service/find-service.js";
import { type InstallableService, type Service, serviceRefusal } from "./service/service.js";
import { readServiceFile } from "./service/service-file.js";
import { operations, stopDaemon } from "./stop.js";
import { versionProblems } from "./version-problems.js";

/** The service by which a daemon is to be started, and the daemon that it runs now, if it does. */
export interface ServiceToUse {
  service: Service;
  /** The daemon that answers, whether or not the service runs it. */
  daemon: DaemonReply | null;
  isRunning: boolean;
  /** The service, if `liveopsd install` wrote its file. */
  installed: InstallableService | null;
}

/**
 * Null if no service has to do with the daemon of these options, or if its manager cannot be reached, which is reported.
 *
 * @throws Refusal if the program of the service is gone
 */
export async function serviceToUse(
  { options, stateDir, to }: { options: DaemonOptions; stateDir: string; to: ReportTo },
  daemon: DaemonReply | null,
): Promise<ServiceToUse | null> {
  const installed = serviceFor(daemon?.stateDir ?? stateDir);
  if (installed !== null) checkProgram(installed);
  const running = daemon === null ? null : await serviceRunning(daemon);
  if (running !== null)
    return {
      ...{ service: running, daemon, isRunning: true },
      installed: installed?.label === running.label ? installed : null,
    };
  // The service answers on the socket of its file.
  if (installed === null || options.socket !== undefined) return null;
  const problem = await installed.problem();
  if (problem !== null) {
    say(to, `${installed.label} is not used: ${problem}`, "yellow");
    return null;
  }
  return { service: installed, daemon, isRunning: false, installed };
}

function checkProgram(service: InstallableService): void {
  const found = readServiceFile(service.file);
  if (!("origin" in found)) return;
  const missing = found.origin.program.find((path) => !existsSync(path));
  if (missing === undefined) return;
  throw serviceRefusal(
    "Not started",
    `${service.label} runs ${missing}, which does not exist; make it run this liveops: ${installLine(service)}`,
  );
}

/** Starts the daemon, where none answers. @throws Refusal */
export async function startByService(service: Service, client: Client): Promise<DaemonReply> {
  await service.start();
  return answersNow(client, service, null);
}

/** @throws UsageError for options that the service does not have; Refusal */
export async function restartByService(
  { service, daemon, isRunning, installed }: ServiceToUse,
  {
    client,
    options,
    held,
    to,
  }: { client: Client; options: DaemonOptions; held: string | null; to: ReportTo },
): Promise<void> {
  if (ownWords(options).length > 0) {
    const all = ownWords({ ...(daemon !== null && optionsOf(daemon)), ...options });
    throw new UsageError(
      `${service.label} runs the daemon with the options of its file, and gets no others`,
      installed === null ? "edit that file" : `change them with: ${installLine(installed, all)}`,
    );
  }
  const stopped = isRunning ? null : await stopDaemon(client, false, held);
  await service.restart();
  const now = await answersNow(client, service, daemon);
  const { pid, socket } = now;
  const running = stopped?.reply.running ?? daemon?.running ?? 0;
  const kept = running > 0 ? `, kept ${operations(running)}` : "";
  process.stderr.write(
    `liveopsd: ${daemon ? "restarted" : "started"} (pid ${pid}) by ${service.label}${kept}, answers on ${socket}\n`,
  );
  for (const problem of versionProblems(now, true)) say(to, problem, "yellow");
}

/** The daemon that answers after a start of the service. @param before the daemon that answered before */
export async function answersNow(
  client: Client,
  service: Service,
  before: DaemonReply | null,
): Promise<DaemonReply> {
  const now = await until(async () => {
    const daemon = await answering(client);
    return daemon !== null && daemon.pid !== before?.pid ? daemon : null;
  }, OTHER_MS);
  if (now !== null) return now;
  throw serviceRefusal(
    "Not started",
    `${service.label} was started, and no daemon answers on ${client.socket}; see: liveopsd logs`,
  );
}
