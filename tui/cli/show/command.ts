/** `liveops show`: prints an operation's record, as text or as JSON. */
import type { Command } from "commander";
import { isFinal } from "../../../protocol/state.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { lookAt } from "../../describe/looked.js";
import { addCommand } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import type { OutputOptions } from "../../kit/output/options.js";
import { printLines } from "../../kit/output/print.js";
import { namedOrNewest } from "../arguments.js";
import { connectFor } from "../connection.js";
import { chainLinks, insideLines } from "./chain-lines.js";
import { recordLines } from "./record-lines.js";

export function registerShow(root: Command): void {
  addCommand(root, "show", "Show the record of an operation", [
    "liveops show",
    "liveops show k3f",
    "liveops show k3f --json | jq .result",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
    )
    .option("--json", "Print the record as JSON")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, stateDir } = await connectFor<OutputOptions>(command);
      const summary = await namedOrNewest(client, id);
      // A list leaves out large values and the names of the variables.
      const operation = id === undefined ? await client.show(summary.id) : summary;
      if (options.json) return printLines([jsonLine(operation)]);
      lookAt(stateDir, client.socket, operation);
      const lines = recordLines(operation, {
        now: client.now(),
        paint: paintFor(process.stdout),
        inside: operation.children
          ? await insideLines(client, operation, paintFor(process.stdout))
          : [],
        chain: await chainLinks(client, operation),
        forecast: isFinal(operation.state) ? null : await client.forecast().catch(() => null),
      });
      printLines(lines);
    });
}
