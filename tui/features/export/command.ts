/** `liveops export`: writes an operation as one JSON file. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { connectFor } from "../../cli/connection.js";
import { interruptible } from "../../kit/interruptible.js";
import { addCommand } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { formatBytes } from "../../terminal/format.js";
import { jsonPieces } from "./json.js";
import { toFile, toStdout } from "./output.js";

interface ExportOptions {
  output?: string;
}

export function registerExport(root: Command): void {
  addCommand(root, "export", "Write an operation as one JSON file: record, events and log", [
    "liveops export k3f -o run.json",
    "liveops export k3f | jq '.operations[0].record.state'",
  ])
    .argument("<id>", "Operation id, a unique prefix of 3 or more characters, or a label")
    .option(
      "-o, --output <file>",
      "Write to this file, which is complete or unchanged (default: stdout)",
    )
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<ExportOptions>(command);
      const { output } = options;
      if (output === "") throw new UsageError("-o: the name of the file is empty");
      await interruptible(
        () => (output === undefined ? "interrupted" : `interrupted; ${output} was not written`),
        async (signal) => {
          const pieces = jsonPieces(client, await client.show(id, signal), new Date(), signal);
          if (output === undefined || output === "-") return toStdout(pieces, signal);
          const bytes = await toFile(output, pieces, signal);
          say(to, `wrote ${output} (${formatBytes(bytes)})`, "yellow");
        },
      );
    });
}
