/** `liveops again`: submits a finished operation once more, as a new operation. Prints the id of the new operation. */

import { type Command, Option } from "commander";
import { newKey } from "../../protocol/client/idempotency-key.js";
import { directoryOn } from "../../protocol/client/submit-place.js";
import { withTrailing } from "../../protocol/parameters.js";
import { addCommand } from "../kit/options.js";
import { addResultOptions, checkResultOptions } from "../kit/output/options.js";
import { addExitStatus, givenLabel, givenParams, trailingWords } from "./arguments.js";
import { checkCwd } from "./check-cwd.js";
import { connectFor } from "./connection.js";
import { addEnvironmentOptions, type EnvironmentOptions, givenVariables } from "./environment.js";
import { changedParameters } from "./pipeline-argument.js";
import { addHostOptions, addQueueOptions, changedHosts, givenPlacement } from "./placement.js";
import { namedPrompts, secretValues } from "./secrets.js";
import { afterSubmit, type SubmitOptions } from "./submit.js";

type AgainOptions = EnvironmentOptions &
  Pick<
    SubmitOptions,
    | "params"
    | "label"
    | "wait"
    | "follow"
    | "json"
    | "output"
    | "exitStatus"
    | "queue"
    | "priority"
    | "on"
    | "tag"
  > & {
    chain?: boolean;
    cwd?: string;
  };

export function registerAgain(root: Command): void {
  const again = addCommand(
    root,
    "again",
    "Run a finished operation again, as a new operation, and print its id",
    [
      "liveops again k3f",
      "liveops again k3f target=/tmp/other --follow",
      "liveops again k3f --chain --wait",
      "liveops again k3f -- make -j8",
    ],
  )
    .usage("[options] <id> [name=value...] [-- ARG...]")
    .argument("<id>", "Id of the finished operation, or a unique prefix of 3 or more characters")
    .argument("[name=value...]", "Parameters to change; a list is replaced as a whole")
    .option("--params <json>", "Replace all parameters: a JSON object, @file, or - for stdin")
    .option("--label <text>", "Label shown in lists (default: that of the operation)")
    .option("--cwd <dir>", "Directory that the operation runs in (default: that of the operation)");
  addHostOptions(addQueueOptions(again, "that of the operation"), {
    clears: true,
    otherwise: "that of the operation",
  });
  addEnvironmentOptions(again, { unset: true })
    .option("--chain", "Begin at the first operation of the chain (default: at this operation)")
    .addOption(
      new Option(
        "--wait",
        "Wait for the chain to finish; the exit code is the outcome of the last operation",
      ).conflicts("follow"),
    )
    .option("--follow", "Show the operation and its chain live in text mode");
  addResultOptions(
    again,
    "Print the record as JSON; with --wait, the record of the last operation; with --follow, one JSON event per line",
  );
  addExitStatus(again, "; waits as --wait does").action(
    async (id: string, words: string[], _options: unknown, command: Command) => {
      const { client, options } = connectFor<AgainOptions>(command);
      checkResultOptions(options);
      await checkCwd(client, options);
      const params = givenParams(options.params);
      const label = givenLabel(options.label);
      const set = namedPrompts(withTrailing(words, trailingWords()));
      const named = await client.show(id);
      const operation =
        options.chain && named.chain.id !== named.id ? await client.show(named.chain.id) : named;
      const parameters = await changedParameters("again", operation, params, set);
      const secrets = await secretValues(set, [parameters.params, operation.params]);
      const env = givenVariables(options);
      const body = {
        ...parameters,
        ...(label !== undefined && { label }),
        ...(options.chain && { chain: true }),
        ...(options.cwd !== undefined && { cwd: directoryOn(client.socket, options.cwd) }),
        ...(Object.keys(env).length > 0 && { env }),
        ...givenPlacement(options, client.now()),
        ...changedHosts(options),
        ...(Object.keys(secrets).length > 0 && { secrets }),
      };
      await afterSubmit(client, await client.again(id, body, newKey()), options, command);
    },
  );
}
