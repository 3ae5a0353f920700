/** `liveops retry`: runs a failed or cancelled operation again, as its next attempt. Prints the id. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { Refusal } from "../../protocol/errors.js";
import type { State } from "../../protocol/state.js";
import { addCommand, everyday } from "../kit/options.js";
import {
  addResultOptions,
  checkResultOptions,
  type OutputOptions,
  printResult,
} from "../kit/output/options.js";
import { namedOrNewest } from "./arguments.js";
import { connectOrStart } from "./connection.js";
import { type SecretValues, secretValues } from "./secrets.js";
import {
  addSelectionOptions,
  changeAll,
  givenSelection,
  type SelectionOptions,
  select,
} from "./selection.js";

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
    "liveops retry k3f --from Check/unit",
    "liveops retry k3f --current",
    "liveops retry k3f --json | jq .attempt",
  ]);
  addSelectionOptions(retry, "failed and cancelled operations", RETRIED)
    .argument(
      "[id...]",
      "Operation ids, unique prefixes of 3 or more characters, or labels (default: the newest)",
    )
    .option("--from <stage>", "Rerun from this stage, or Stage/step (resumable types only)")
    .option("--current", "Run the pipeline file as it is now, not the text of the submit");
  addResultOptions(retry, "Print the record as JSON").action(
    async (named: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectOrStart<RetryOptions>(command);
      checkResultOptions(options);
      const selection = { verb: "retry", states: RETRIED, to };
      const selected = (await givenSelection(client, named, options, selection)) ?? {
        ids: [(await namedOrNewest(client, undefined)).id],
      };
      const { from, current } = options;
      const secrets = await secretsFor(client, selected.ids, options);
      const lines = client.retryAll({
        ...selected,
        ...(from !== undefined && { from }),
        ...(current && { current }),
        ...(Object.keys(secrets).length > 0 && { secrets }),
      });
      process.exitCode = await changeAll(lines, selected, selection, (operation) => {
        printResult(options, operation, operation.id);
      });
    },
  );
  everyday(retry, ["--failed", "--op", "--label", "--from", "--current", "--json"]);
}

/** The values of the secrets of all operations, by their references. */
async function secretsFor(
  client: Client,
  ids: readonly string[] | undefined,
  options: SelectionOptions,
): Promise<SecretValues> {
  const all = ids ?? (await select(client, options, RETRIED)).map((it) => (it.omitted?.params ? it.id : it));
  const params: unknown[] = [];
  for (const each of all) {
    // The daemon refuses an id that is wrong, and retries the others.
    const record = typeof each === "string" ? await client.show(each).catch(ifRefused) : each;
    params.push(record?.params);
  }
  return secretValues([], params);
}

function ifRefused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}
