/** `liveopsd start`: returns when the socket answers; a daemon that runs already is success. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { readConfig } from "../../protocol/command/config.js";
import { addCommand, allOptions, reportTo } from "../../protocol/command/options.js";
import { say } from "../../protocol/command/report.js";
import { socketPath } from "../../protocol/places.js";
import { answering } from "./answering.js";
import { type DaemonOptions, withDaemonOptions } from "./daemon-options.js";
import { runForeground } from "./foreground.js";
import { launch } from "./launch.js";

export function registerStart(root: Command): void {
  const command = addCommand(root, "start", "Start the daemon; returns when it answers.", [
    "liveopsd start",
    "liveopsd start --ops ./ops --concurrency 4",
    "liveopsd start --foreground",
  ]);
  withDaemonOptions(command)
    .option("--foreground", "stay in this process, and log to stderr too")
    .action(async () => {
      const options = allOptions<DaemonOptions & { foreground?: boolean }>(command);
      const to = reportTo(root);
      const socket = socketPath(options, process.env, readConfig());
      const running = await answering(new Client(socket));
      for (const dir of options.ops ?? []) {
        // Not refused: it may be made later, and is looked into each time.
        if (!existsSync(dir)) say(to, `--ops ${dir}: there is no such directory yet`, "yellow");
      }
      if (running) {
        say(to, `running already (pid ${running.pid}, ${socket})`, "yellow");
        return;
      }
      if (options.foreground) {
        process.exitCode = await runForeground(options, to);
        return;
      }
      const { pid } = await launch(options, socket);
      process.stderr.write(`liveopsd: started (pid ${pid}), answers on ${socket}\n`);
    });
}
