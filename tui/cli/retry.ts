/** `liveops retry`: runs a failed or cancelled operation again, as its next attempt. Prints the id. */
import type { Command } from "commander";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import {
  addResultOptions,
  checkResultOptions,
  type OutputOptions,
  resultLine,
} from "../../protocol/output/options.js";
import type { State } from "../../protocol/state.js";
import { namedOrNewest } from "./arguments.js";
import { connectFor, forEachId } from "./connection.js";
import { secretValues } from "./secrets.js";
import { addSelectionOptions, type SelectionOptions, selectedIds } from "./selection.js";

interface RetryOptions extends SelectionOptions, OutputOptions {
  from?: string;
  current?: boolean;
}

const RETRIED: readonly State[] = ["failed", "cancelled"];

export function registerRetry(root: Command): void {
  const retry = addCommand(root, "retry", "Run failed or cancelled operations again", [
    "liveops retry",
    "liveops retry --failed --op backup",
    "liveops retry k3f --from Archive",
    "liveops retry k3f --current",
    "liveops retry k3f --json | jq .attempt",
  ]);
  addSelectionOptions(retry, "failed and cancelled operations", RETRIED)
    .argument("[id...]", "Operation ids, or unique prefixes of 3 or more characters (default: the newest)")
    .option("--from <stage>", "Rerun from this stage (resumable types only)")
    .option("--current", "Run the pipeline file as it is now, not the text of the submit");
  addResultOptions(retry, "Print the record as JSON").action(
    async (named: string[], _options: unknown, command: Command) => {
      const { client, options } = connectFor<RetryOptions>(command);
      checkResultOptions(options);
      const to = reportTo(command.parent!);
      const selected = await selectedIds(client, named, options, { verb: "retry", states: RETRIED, to });
      const ids = selected ?? [(await namedOrNewest(client, undefined)).id];
      const { from, current } = options;
      process.exitCode = await forEachId(ids, to, async (id) => {
        const secrets = await secretValues([], (await client.show(id)).params);
        const operation = await client.retry(id, {
          ...(from !== undefined && { from }),
          ...(current && { current }),
          ...(Object.keys(secrets).length > 0 && { secrets }),
        });
        process.stdout.write(`${resultLine(options, operation, operation.id)}\n`);
      });
    },
  );
}
