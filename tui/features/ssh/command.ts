/**
 * `liveops dial-stdio`: connects stdin and stdout to the daemon's socket. `--host ssh://…` runs it
 * on the other machine.
 */
import { type Command, Option } from "commander";
import { ConnectionLostError } from "../../../protocol/client/errors.js";
import { addCommand, allOptions, type GlobalOptions } from "../../kit/options.js";
import { dialDaemon, passBytes } from "./dial-stdio/dial-stdio.js";

export function registerDialStdio(root: Command): void {
  addCommand(
    root,
    "dial-stdio",
    "Connect stdin and stdout to the daemon's socket; --host runs this over ssh",
    ["liveops dial-stdio", "ssh box liveops dial-stdio"],
    "none",
  )
    // The bin loads tui/features/ssh/dial-stdio/main.ts for it.
    .addOption(
      new Option("--hello", "Begin with a line that says whether a daemon answers").hideHelp(),
    )
    .action(async (_options: unknown, command: Command) => {
      const socket = await dialDaemon(allOptions<GlobalOptions>(command));
      if (!(await passBytes(socket)))
        throw new ConnectionLostError("the daemon closed the connection");
    });
}
