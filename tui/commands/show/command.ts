/** `liveops show`: one operation's record, to read or as JSON. */
import type { Command } from "commander";
import { paintFor } from "../../../protocol/command/colour.js";
import { addCommand } from "../../../protocol/command/options.js";
import { jsonLine } from "../../terminal/json.js";
import { connect } from "../connect.js";
import { namedOrNewest } from "../newest.js";
import { recordLines } from "./record-lines.js";

export function registerShow(root: Command): void {
  addCommand(root, "show", "Show the record of an operation", [
    "liveops show",
    "liveops show k3f",
    "liveops show k3f --json | jq .result",
  ])
    .argument("[id]", "Operation id, or a unique prefix of 3 or more characters (default: the newest)")
    .option("--json", "Print the record as JSON")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options } = connect<{ json?: boolean }>(command);
      const operation = await namedOrNewest(client, id);
      const lines = options.json
        ? [jsonLine(operation)]
        : recordLines(operation, { paint: paintFor(process.stdout) });
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}
