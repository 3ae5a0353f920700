/**
 * `liveops again`: submits a finished operation once more, as a new operation. Prints the id of the
 * new operation.
 */

import type { Command } from "commander";
import { newKey } from "../../../protocol/client/idempotency-key.js";
import { withTrailing } from "../../../protocol/schema/parameters.js";
import { addCommand, everyday } from "../../kit/options.js";
import { addSecretValues, withSecretValues } from "../../kit/secret-values.js";
import { trailingWords } from "../arguments.js";
import { connectOrStart } from "../connection.js";
import { checkCwd } from "../options/cwd.js";
import { addSubmitOptions, type SubmitFlags, submitFields } from "../options/list.js";
import { givenParams } from "../options/params.js";
import { changedParameters } from "../pipeline-argument.js";
import { askSecret, namedPrompts, secretValues } from "../secrets.js";
import { addOutcomeOptions, afterSubmit, type OutcomeOptions } from "./after-submit.js";

type AgainOptions = SubmitFlags & OutcomeOptions;

export function registerAgain(root: Command): void {
  const again = addCommand(
    root,
    "again",
    "Run a finished operation again, as a new operation, and print its id",
    [
      "liveops again k3f",
      "liveops again k3f target=/tmp/other --follow",
      "liveops again k3f --wait",
      "liveops again k3f -- make -j8",
    ],
  )
    .usage("[options] <id> [name=value...] [-- ARG...]")
    .argument(
      "<id>",
      "Id of the finished operation, a unique prefix of 3 or more characters, or a label",
    )
    .argument("[name=value...]", "Parameters to change; a list is replaced as a whole");
  addSubmitOptions(again, "again");
  addOutcomeOptions(again).action(
    async (id: string, words: string[], _options: unknown, command: Command) => {
      const { client, options, to } = await connectOrStart<AgainOptions>(command);
      await checkCwd(client, options);
      const params = givenParams(options.params);
      const set = namedPrompts(withTrailing(words, trailingWords()));
      const operation = await client.show(id);
      const parameters = await changedParameters("again", operation, params, set);
      const secrets = await secretValues(set, [parameters.params, operation.params]);
      const body = {
        ...parameters,
        ...(await submitFields(options, { form: "again", client })),
        ...(Object.keys(secrets).length > 0 && { secrets }),
      };
      const key = newKey();
      const submitted = await withSecretValues(
        client.socket,
        (values) => client.again(id, addSecretValues(body, values), key),
        askSecret,
      );
      await afterSubmit(client, submitted, options, to);
    },
  );
  everyday(again, ["--label", "--queue", "--wait", "--follow", "--json"]);
}
