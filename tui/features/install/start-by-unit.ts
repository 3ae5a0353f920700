/** Starts and restarts the daemon through its unit of systemd, so that systemd starts no second daemon. */
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { until } from "../../../protocol/system/until.js";
import { type DaemonOptions, optionsOf, ownWords } from "../../cli/liveopsd/daemon-options.js";
import { answering, OTHER_MS } from "../../cli/liveopsd/other-daemon.js";
import { operations } from "../../cli/liveopsd/stop.js";
import { versionProblems } from "../../cli/liveopsd/version-problems.js";
import { type ReportTo, say } from "../../kit/report.js";
import { serviceRefusal, type Unit, unitFor, unitRunning } from "./service/systemd.js";

/**
 * The unit that runs the daemon, or that was installed for its state directory. Null if there is none, or if systemd
 * does not answer, which is reported.
 *
 * @param daemon the daemon that answers now
 */
export async function unitToUse(
  { options, stateDir, to }: { options: DaemonOptions; stateDir: string; to: ReportTo },
  daemon: DaemonReply | null,
): Promise<Unit | null> {
  const running = daemon === null ? null : await unitRunning(daemon);
  if (running !== null) return running;
  const installed = unitFor(daemon?.stateDir ?? stateDir);
  // The unit answers on the socket of its file.
  if (installed === null || options.socket !== undefined) return null;
  const problem = await installed.problem();
  if (problem === null) return installed;
  say(to, `${installed.label} is not used: ${problem}`, "yellow");
  return null;
}

/** @throws UsageError for options that the unit does not have; Refusal */
export async function restartByUnit(
  unit: Unit,
  daemon: DaemonReply | null,
  { client, options, to }: { client: Client; options: DaemonOptions; to: ReportTo },
): Promise<void> {
  if (ownWords(options).length > 0) {
    const line = unit.installLine(ownWords({ ...(daemon !== null && optionsOf(daemon)), ...options }));
    throw new UsageError(
      `${unit.label} runs the daemon with the options of its file, and gets no others`,
      line === null ? "edit that file" : `change them with: ${line}`,
    );
  }
  await unit.start("restart");
  const now = await answersNow(client, unit, daemon);
  const running = daemon?.running ?? 0;
  const kept = running > 0 ? `, kept ${operations(running)}` : "";
  process.stderr.write(
    `liveopsd: ${daemon ? "restarted" : "started"} (pid ${now.pid}) by ${unit.label}${kept}, answers on ${now.socket}\n`,
  );
  for (const problem of versionProblems(now, unit)) say(to, problem, "yellow");
}

/** The daemon that answers after a start of the unit. @param before the daemon that answered before */
export async function answersNow(
  client: Client,
  unit: Unit,
  before: DaemonReply | null,
): Promise<DaemonReply> {
  const now = await until(async () => {
    const daemon = await answering(client);
    return daemon !== null && daemon.pid !== before?.pid ? daemon : null;
  }, OTHER_MS);
  if (now !== null) return now;
  throw serviceRefusal(
    "Not started",
    `${unit.label} was started, and no daemon answers on ${client.socket}; see: liveopsd logs`,
  );
}
