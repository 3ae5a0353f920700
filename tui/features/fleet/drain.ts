/** `liveops drain [--undo]`: starts no more operations on this host of the fleet. */
import type { Command } from "commander";
import { daemonClient } from "../../../protocol/client/find-daemon.js";
import { addCommand, allOptions, type GlobalOptions, reportTo } from "../../kit/options.js";
import { say } from "../../kit/report.js";

export function registerDrain(root: Command): void {
  const command = addCommand(
    root,
    "drain",
    "Start no more operations on this host of the fleet; running operations continue",
    ["liveops drain", "liveops drain --undo"],
  );
  command.option("--undo", "Start operations again").action(async () => {
    const options = allOptions<GlobalOptions & { undo?: true }>(command);
    await (await daemonClient(options)).drain({ draining: !options.undo });
    say(
      reportTo(root),
      options.undo
        ? "the host starts operations again"
        : "the host is drained; to undo it: liveops drain --undo",
    );
  });
}
