/** `liveops restart`: stops the daemon and starts it with the same state directory and socket. Operations continue. */
import type { Command } from "commander";
import { clientFor, mayFind } from "../../../protocol/client/find-daemon.js";
import { logLevelFrom } from "../../../protocol/system/log-level.js";
import { restartByUnit, unitToUse } from "../../features/install/start-by-unit.js";
import { addDaemonCommand, allOptions, commandPlaces, everyday, reportTo } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { type DaemonOptions, optionsOf, withDaemonFlags } from "./daemon-options.js";
import { launch } from "./launch.js";
import { ANSWER_MS, answering } from "./other-daemon.js";
import { operations, stopDaemon } from "./stop.js";

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
    const unit = await unitToUse({ options, stateDir: places.stateDir, to }, daemon);
    if (unit !== null) return restartByUnit(unit, daemon, { client, options, to });
    const stopped = await stopDaemon(client, false, stateDir);
    // The new daemon gets the flags of the old one, unless this command overrides them.
    const flags = stopped ? { ...optionsOf(stopped.daemon), ...options } : options;
    const socket = flags.socket ?? places.socket;
    const { pid, ours, copy } = await launch(flags, { ...places, socket });
    const running = stopped?.reply.running ?? 0;
    const survivors = running > 0 ? `, kept ${operations(running)}` : "";
    const also = ours ? "" : ", by another start at the same time";
    process.stderr.write(
      `liveopsd: ${stopped ? "restarted" : "started"} (pid ${pid})${also}${survivors}, answers on ${socket}\n`,
    );
    if (copy !== null) say(to, copy, "yellow");
  });
  everyday(command, ["--ops", "--concurrency", "--log-level"]);
}
