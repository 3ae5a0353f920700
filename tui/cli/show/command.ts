/** `liveops show`: prints an operation's record, as text or as JSON. */
import type { Command } from "commander";
import { isFinal } from "../../../protocol/state.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { OPERATIONS } from "../../describe/columns.js";
import { addCommand } from "../../kit/options.js";
import { linkerFor } from "../../kit/output/links.js";
import {
  addFormat,
  addTime,
  givenFormat,
  LIST_FORMATS,
  type OutputOptions,
} from "../../kit/output/options.js";
import { printLines, printList } from "../../kit/output/print.js";
import { namedOrNewest } from "../arguments.js";
import { connectFor } from "../connection.js";
import { ListProgress } from "../ls/progress.js";
import { contextOf } from "../ls/table.js";
import { logUrlIn, runUrlIn } from "../run-links.js";
import { chainLinks, insideLines } from "./chain-lines.js";
import { recordLines } from "./record-lines.js";

type ShowOptions = OutputOptions;

export function registerShow(root: Command): void {
  const show = addCommand(root, "show", "Show the record of an operation", [
    "liveops show",
    "liveops show k3f",
    "liveops show k3f --time absolute",
    "liveops show k3f --json | jq .result",
  ]).argument(
    "[id]",
    "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest)",
  );
  addFormat(show, LIST_FORMATS, "Form of the output; table is a row of liveops ls (default: text)");
  addTime(show, "absolute and relative")
    .option("--json", "Print the record as JSON")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, stateDir } = await connectFor<ShowOptions>(command);
      const { time = null } = options;
      const format = givenFormat(options);
      const summary = await namedOrNewest(client, id);
      // A list leaves out large values and the names of the variables.
      const operation = id === undefined ? await client.show(summary.id) : summary;
      const link = linkerFor(process.stdout);
      if (format !== null) {
        const progress = new ListProgress(client);
        if (format === "table" || format === "wide")
          await Promise.all([progress.load([operation]), progress.foresee([operation])]);
        const context = contextOf({
          ...progress.figures(),
          time: time ?? "relative",
          runUrl: runUrlIn(stateDir),
        });
        const printed = { spec: OPERATIONS, records: [operation], context };
        const output = { format, chosen: null, sort: null, header: true, time: context.time };
        await printList({ ...printed, nameOf: (it) => it.id, json: ([it]) => it }, output);
        return;
      }
      const lines = recordLines(operation, {
        now: client.now(),
        paint: paintFor(process.stdout),
        time,
        link,
        urls: { run: runUrlIn(stateDir)(operation), log: logUrlIn(stateDir)(operation) },
        inside: operation.children ? await insideLines(client, operation, paintFor(process.stdout)) : [],
        chain: await chainLinks(client, operation),
        forecast: isFinal(operation.state) ? null : await client.forecast().catch(() => null),
      });
      printLines(lines);
    });
}
