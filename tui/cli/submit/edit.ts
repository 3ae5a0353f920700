/** `liveops edit`: changes a queued operation before it starts. Prints the id. */

import type { Command } from "commander";
import { UsageError } from "../../../protocol/failures.js";
import { addCommand } from "../../kit/options.js";
import { printLines } from "../../kit/output/print.js";
import { connectFor } from "../connection.js";
import { addSubmitOptions, flagNames, type SubmitFlags, submitFields } from "../options/list.js";

export function registerEdit(root: Command): void {
  const command = addCommand(
    root,
    "edit",
    "Change a queued operation before it starts, and print its id",
    [
      "liveops edit k3f --label nightly",
      "liveops edit k3f --queue gpu --top",
      "liveops edit k3f --at 18:00",
    ],
  ).argument("<id>", "Operation id, a unique prefix of 3 or more characters, or a label");
  addSubmitOptions(command, "edit").action(async (id: string, _options: unknown, self: Command) => {
    const { client, options } = await connectFor<SubmitFlags>(self);
    const body = await submitFields(options, { form: "edit", client });
    if (Object.keys(body).length === 0)
      throw new UsageError("nothing to change", `give one of ${flagNames("edit")}`);
    printLines([(await client.edit(id, body)).id]);
  });
}
