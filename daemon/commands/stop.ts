/** `liveopsd stop [--now]`: running operations go on under the next daemon; no daemon is success. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { addCommand, allOptions, commandPlaces, type GlobalOptions } from "../../protocol/command/options.js";
import { ANSWER_MS } from "./other-daemon.js";
import { describeStop, stopDaemon } from "./stop-daemon.js";

export function registerStop(root: Command): void {
  const command = addCommand(root, "stop", "Stop the daemon; running operations continue", [
    "liveopsd stop",
    "liveopsd stop --now   # cancels running operations first",
  ]);
  command.option("--now", "Cancel running operations first").action(async () => {
    const options = allOptions<GlobalOptions & { now?: boolean }>(command);
    const { socket } = commandPlaces(options);
    const stopped = await stopDaemon(new Client(socket, { answer: ANSWER_MS }), options.now === true);
    process.stderr.write(
      `liveopsd: ${stopped ? describeStop(stopped.reply) : `none was running on ${socket}`}\n`,
    );
  });
}
