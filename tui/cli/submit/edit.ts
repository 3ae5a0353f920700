/** `liveops edit`: changes a queued operation before it starts. Prints the id. */

import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { UsageError } from "../../../protocol/failures.js";
import type { EditBody } from "../../../protocol/requests.js";
import { withTrailing } from "../../../protocol/schema/parameters.js";
import { addCommand, everyday } from "../../kit/options.js";
import { printResult } from "../../kit/output/options.js";
import { trailingWords } from "../arguments.js";
import { connectFor } from "../connection.js";
import { checkCwd } from "../options/cwd.js";
import { addSubmitOptions, flagNames, type SubmitFlags, submitFields } from "../options/list.js";
import { givenParams } from "../options/params.js";
import { changedParameters } from "../pipeline-argument.js";
import { namedPrompts, secretValues } from "../secrets.js";

type EditOptions = SubmitFlags & { json?: boolean };

/** @throws UsageError where nothing is to be changed */
async function editBody(
  client: Client,
  id: string,
  words: string[],
  options: EditOptions,
): Promise<EditBody> {
  const params = givenParams(options.params);
  const set = namedPrompts(withTrailing(words, trailingWords()));
  const body: EditBody = await submitFields(options, { form: "edit", client });
  if (params !== undefined || set.length > 0) {
    const parameters = await changedParameters("edit", await client.show(id), params, set);
    const secrets = await secretValues(set, parameters.params);
    Object.assign(body, parameters, Object.keys(secrets).length > 0 && { secrets });
  }
  if (Object.keys(body).length > 0) return body;
  throw new UsageError("nothing to change", `give name=value or one of ${flagNames("edit")}`);
}

export function registerEdit(root: Command): void {
  const command = addCommand(root, "edit", "Change a queued operation before it starts, and print its id", [
    "liveops edit k3f target=/srv/backups",
    "liveops edit k3f --label nightly --env AWS_PROFILE=backup",
    "liveops edit k3f --queue gpu --top",
    "liveops edit k3f --at 18:00",
    'liveops edit k3f --on build-2 --tag ""',
    "liveops edit k3f -- make -j8",
  ])
    .usage("[options] <id> [name=value...] [-- ARG...]")
    .argument("<id>", "Operation id, a unique prefix of 3 or more characters, or a label")
    .argument("[name=value...]", "Parameters to change; the others stay");
  addSubmitOptions(command, "edit")
    .option("--json", "Print the record as JSON")
    .action(async (id: string, words: string[], _options: unknown, self: Command) => {
      const { client, options } = await connectFor<EditOptions>(self);
      await checkCwd(client, options);
      const operation = await client.edit(id, await editBody(client, id, words, options));
      printResult(options, operation, operation.id);
    });
  everyday(command, ["--label", "--queue", "--priority", "--top", "--in", "--at", "--now", "--json"]);
}
