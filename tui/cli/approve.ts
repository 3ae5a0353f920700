/** `liveops approve` and `liveops reject`: answers the question of an operation that waits for approval. */
import type { Command } from "commander";
import { waitsForApproval } from "../../protocol/approval.js";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { addCommand } from "../kit/options.js";
import { printResult } from "../kit/output/options.js";
import { connectFor } from "./connection.js";
import { listPages } from "./list-pages.js";

export function registerApprove(root: Command): void {
  addCommand(root, "approve", "Answer the question of an operation that waits for approval", [
    "liveops approve k3f",
    "liveops approve k3f blue",
  ])
    .argument("[id]", "Operation id, a unique prefix of 3 or more characters, or a label")
    .argument("[choice]", "One of the choices (default: the only one besides no)")
    .option("--json", "Print the record as JSON")
    .action(async (id: string | undefined, choice: string | undefined, _options: unknown, command: Command) =>
      answer(command, id, (client, id) => client.approve(id, choice === undefined ? {} : { choice })),
    );
}

export function registerReject(root: Command): void {
  addCommand(root, "reject", "Reject an operation that waits for approval: its stage fails", [
    "liveops reject k3f",
  ])
    .argument("[id]", "Operation id, a unique prefix of 3 or more characters, or a label")
    .option("--json", "Print the record as JSON")
    .action(async (id: string | undefined, _options: unknown, command: Command) =>
      answer(command, id, (client, id) => client.reject(id)),
    );
}

async function answer(
  command: Command,
  id: string | undefined,
  send: (client: Client, id: string) => Promise<Operation>,
): Promise<void> {
  const { client, options } = await connectFor<{ json?: boolean }>(command);
  if (id === undefined) throw await noId(client, command.name());
  const operation = await send(client, id);
  const choice = operation.approvals?.at(-1)?.answer?.choice;
  printResult(options, operation, operation.id, `${operation.id} answered: ${sanitize(choice ?? "")}`);
}

/** Lists the operations that wait for approval. */
async function noId(client: Client, name: string): Promise<UsageError> {
  const { operations } = await listPages(client, { state: ["queued"] });
  const lines = operations.flatMap((it) => {
    const open = waitsForApproval(it);
    return open === null
      ? []
      : `  ${it.id}  ${sanitize(open.question)} (${open.choices.map((each) => sanitize(each)).join(", ")})`;
  });
  if (lines.length === 0) return new UsageError("no operation waits for approval");
  return new UsageError(
    `give the id of an operation; these wait for approval:\n${lines.join("\n")}`,
    `liveops ${name} ID${name === "approve" ? " CHOICE" : ""}; for a look: liveops show ID`,
  );
}
