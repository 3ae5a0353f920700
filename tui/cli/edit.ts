/** `liveops edit`: changes a queued operation before it starts. Prints the id. */

import { type Command, Option } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { directoryOn } from "../../protocol/client/submit-place.js";
import { UsageError } from "../../protocol/failures.js";
import { withTrailing } from "../../protocol/parameters.js";
import type { EditBody } from "../../protocol/requests.js";
import { addCommand } from "../kit/options.js";
import { jsonLine } from "../kit/output/json.js";
import { givenLabel, givenParams, trailingWords } from "./arguments.js";
import { checkCwd } from "./check-cwd.js";
import { connectFor } from "./connection.js";
import { addEnvironmentOptions, type EnvironmentOptions, givenVariables } from "./environment.js";
import { changedParameters } from "./pipeline-argument.js";
import {
  addHostOptions,
  addQueueOptions,
  addTimeOptions,
  changedHosts,
  givenPlacement,
  learnClock,
  type PlacementOptions,
} from "./placement.js";
import { namedPrompts, secretValues } from "./secrets.js";

interface EditOptions extends EnvironmentOptions, PlacementOptions {
  top?: boolean;
  now?: boolean;
  cwd?: string;
  params?: string;
  label?: string;
  json?: boolean;
}

/** @throws UsageError where nothing is to be changed */
async function editBody(
  client: Client,
  id: string,
  words: string[],
  options: EditOptions,
): Promise<EditBody> {
  const params = givenParams(options.params);
  const label = givenLabel(options.label);
  const set = namedPrompts(withTrailing(words, trailingWords()));
  const env = givenVariables(options);
  await learnClock(client, options);
  const body: EditBody = {
    ...(label !== undefined && { label: label === "" ? null : label }),
    ...(Object.keys(env).length > 0 && { env }),
    ...givenPlacement(options, client.now()),
    ...changedHosts(options),
    ...(options.top && { top: true as const }),
    ...(options.now && { notBefore: null }),
    ...(options.cwd !== undefined && { cwd: directoryOn(client.socket, options.cwd) }),
  };
  if (params !== undefined || set.length > 0) {
    const parameters = await changedParameters("edit", await client.show(id), params, set);
    const secrets = await secretValues(set, parameters.params);
    Object.assign(body, parameters, Object.keys(secrets).length > 0 && { secrets });
  }
  if (Object.keys(body).length > 0) return body;
  throw new UsageError(
    "nothing to change",
    "give name=value, --params, --label, --queue, --priority, --top, --in, --at, --now, --on, --tag, --cwd, --env or --unset-env",
  );
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
    .argument("<id>", "Operation id, or a unique prefix of 3 or more characters")
    .argument("[name=value...]", "Parameters to change; the others stay")
    .option("--params <json>", "All parameters anew, as a JSON object, @file, or - for stdin")
    .option("--label <text>", 'Label shown in lists; "" removes the label')
    .option("--cwd <dir>", "Directory that the operation runs in");
  addTimeOptions(
    addHostOptions(addQueueOptions(command), { clears: true }).addOption(
      new Option("--top", "Make it the next of its queue, by its priority").conflicts("priority"),
    ),
  ).addOption(new Option("--now", "Do not wait for a time").conflicts(["in", "at"]));
  addEnvironmentOptions(command, { unset: true })
    .option("--json", "Print the record as JSON")
    .action(async (id: string, words: string[], _options: unknown, self: Command) => {
      const { client, options } = connectFor<EditOptions>(self);
      await checkCwd(client, options);
      const operation = await client.edit(id, await editBody(client, id, words, options));
      process.stdout.write(`${options.json ? jsonLine(operation) : operation.id}\n`);
    });
}
