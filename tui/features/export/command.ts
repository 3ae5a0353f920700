/** `liveops export`: writes a run as one file, JSON or a page for a browser. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { connectFor } from "../../cli/connection.js";
import { interruptible } from "../../kit/interruptible.js";
import { addCommand } from "../../kit/options.js";
import { fileUrl, linkerFor } from "../../kit/output/links.js";
import { say } from "../../kit/report.js";
import { formatBytes } from "../../terminal/format.js";
import { findRuns, sayChanged } from "./find-runs.js";
import { htmlPieces } from "./html.js";
import { jsonPieces } from "./json.js";
import { toFile, toStdout } from "./output.js";

interface ExportOptions {
  output?: string;
  html?: boolean;
  chain?: boolean;
}

export function registerExport(root: Command): void {
  addCommand(root, "export", "Write a run as one file: record, events and log", [
    "liveops export k3f -o run.json",
    "liveops export k3f --html -o run.html",
    "liveops export --chain | jq '.operations[].record.state'",
    "liveops export run.json --html -o run.html",
  ])
    .argument("[id]", "Operation id, a unique prefix, or an exported file (default: the newest operation)")
    .option("-o, --output <file>", "Write to this file, which is complete or unchanged (default: stdout)")
    .option("--html", "Write a page for a browser instead of JSON")
    .option("--chain", "Write all operations of the chain")
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<ExportOptions>(command);
      const { output, html = false, chain = false } = options;
      if (output === "") throw new UsageError("-o: the name of the file is empty");
      await interruptible(
        () => (output === undefined ? "interrupted" : `interrupted; ${output} was not written`),
        async (signal) => {
          const runs = await findRuns(client, name, sayChanged(to), { chain, wholeFile: true, signal });
          const pieces = html ? htmlPieces(runs, new Date()) : jsonPieces(runs, new Date());
          if (output === undefined || output === "-") return toStdout(pieces, signal);
          const bytes = await toFile(output, pieces, signal);
          const link = linkerFor(process.stderr);
          say(to, `wrote ${output} (${formatBytes(bytes)})`, "yellow", (text) => {
            const name = sanitize(output);
            return text.replace(name, () => link(fileUrl(output), name));
          });
        },
      );
    });
}
