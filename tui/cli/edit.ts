/** `liveops edit`: changes a queued operation before it starts. Prints the id. */
import type { Command } from "commander";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand } from "../../protocol/command/options.js";
import type { EditBody } from "../../protocol/requests.js";
import { jsonLine } from "../terminal/json.js";
import { givenLabel, givenParams, trailingWords, withTrailing } from "./arguments.js";
import { connectFor } from "./connection.js";
import { addEnvironmentOptions, type EnvironmentOptions, givenVariables } from "./environment.js";

interface EditOptions extends EnvironmentOptions {
  params?: string;
  label?: string;
  json?: boolean;
}

/** @throws UsageError where nothing is to be changed */
function editBody(words: string[], options: EditOptions): EditBody {
  const params = givenParams(options.params);
  const label = givenLabel(options.label);
  const set = withTrailing(words, trailingWords());
  const env = givenVariables(options);
  const body: EditBody = {
    ...(params && { params }),
    ...(set.length > 0 && { set }),
    ...(label !== undefined && { label: label === "" ? null : label }),
    ...(Object.keys(env).length > 0 && { env }),
  };
  if (Object.keys(body).length > 0) return body;
  throw new UsageError("nothing to change", "give name=value, --params, --label, --env or --unset-env");
}

export function registerEdit(root: Command): void {
  const command = addCommand(root, "edit", "Change a queued operation before it starts, and print its id", [
    "liveops edit k3f target=/srv/backups",
    "liveops edit k3f --label nightly --env AWS_PROFILE=backup",
    "liveops edit k3f -- make -j8",
  ])
    .usage("[options] <id> [name=value...] [-- ARG...]")
    .argument("<id>", "Operation id, or a unique prefix of 3 or more characters")
    .argument("[name=value...]", "Parameters to change; the others stay")
    .option("--params <json>", "All parameters anew, as a JSON object, @file, or - for stdin")
    .option("--label <text>", 'Label shown in lists; "" removes the label');
  addEnvironmentOptions(command, { unset: true })
    .option("--json", "Print the record as JSON")
    .action(async (id: string, words: string[], _options: unknown, self: Command) => {
      const { client, options } = connectFor<EditOptions>(self);
      const operation = await client.edit(id, editBody(words, options));
      process.stdout.write(`${options.json ? jsonLine(operation) : operation.id}\n`);
    });
}
