/**
 * `liveops restart`: stops the daemon and starts it with the same state directory and socket.
 * Operations continue.
 */
import type { Command } from "commander";
import { type DaemonOptions, optionsOf, ownWords } from "../../../daemon/start-words.js";
import type { Client } from "../../../protocol/client/client.js";
import { clientFor, mayFind } from "../../../protocol/client/find-daemon.js";
import { UsageError } from "../../../protocol/failures.js";
import type { DaemonReply } from "../../../protocol/replies.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import {
  addDaemonCommand,
  allOptions,
  commandPlaces,
  everyday,
  reportTo,
} from "../../kit/options.js";
import { type ReportTo, say } from "../../kit/report.js";
import { withDaemonFlags } from "./daemon-options.js";
import { warnOf } from "./foreground.js";
import { launch } from "./launch.js";
import { startUnit, type Unit, unitToUse } from "./manager.js";
import { ANSWER_MS, answering } from "./other-daemon.js";
import { operations, stopDaemon } from "./stop.js";
import { versionProblems } from "./version-problems.js";

/** @throws UsageError for options that the unit does not have; Refusal */
async function restartByUnit(
  unit: Unit,
  daemon: DaemonReply | null,
  { client, options, to }: { client: Client; options: DaemonOptions; to: ReportTo },
): Promise<void> {
  if (ownWords(options).length > 0) {
    const line = unit.installLine(
      ownWords({ ...(daemon !== null && optionsOf(daemon)), ...options }),
    );
    throw new UsageError(
      `${unit.label} runs the daemon with the options of its file, and gets no others`,
      line === null ? "edit that file" : `change them with: ${line}`,
    );
  }
  // Beside another daemon, the one of the unit cannot start.
  if (daemon !== null && !(await unit.runs(daemon.pid))) await stopDaemon(client, false, null);
  const now = await startUnit(unit, "restart", client, daemon);
  process.stderr.write(
    `liveopsd: ${daemon ? "restarted" : "started"} (pid ${now.pid}) by ${unit.label}${survivors(daemon)}, answers on ${now.socket}\n`,
  );
  for (const problem of versionProblems(now, unit)) say(to, problem, "yellow");
}

function survivors(before: { running: number } | null | undefined): string {
  return before?.running ? `, kept ${operations(before.running)}` : "";
}

export function registerRestart(root: Command): void {
  const command = addDaemonCommand(
    root,
    "restart",
    "Restart the daemon; running operations continue",
    ["liveops restart"],
    "own-name",
  );
  withDaemonFlags(command).action(async () => {
    const options = allOptions<DaemonOptions>(command);
    const to = reportTo(root);
    const places = await commandPlaces(options, process.env, "throw");
    // An invalid level must not stop the running daemon.
    logLevelFrom(options.logLevel, process.env, places.config.logLevel);
    const client = clientFor(places, options, { answer: ANSWER_MS });
    const stateDir = mayFind(options, process.env, places.config) ? places.stateDir : null;
    const daemon = await answering(client);
    const unit = await unitToUse({ socket: options.socket, stateDir: places.stateDir }, daemon, to);
    if (unit !== null) return restartByUnit(unit, daemon, { client, options, to });
    const stopped = await stopDaemon(client, false, stateDir);
    // The new daemon gets the flags of the old one, unless this command overrides them.
    const flags = stopped ? { ...optionsOf(stopped.daemon), ...options } : options;
    const socket = flags.socket ?? places.socket;
    const { pid, ours, problems } = await launch(flags, { ...places, socket });
    const also = ours ? "" : ", by another start at the same time";
    process.stderr.write(
      `liveopsd: ${stopped ? "restarted" : "started"} (pid ${pid})${also}${survivors(stopped?.reply)}, answers on ${socket}\n`,
    );
    warnOf(problems, to);
  });
  everyday(command, ["--ops", "--concurrency", "--log-level"]);
}
