/**
 * `liveops approve` and `liveops reject`: answers the question of an operation that waits for
 * approval.
 */
import type { Command } from "commander";
import { anotherQuestion, questionId, waitsForApproval } from "../../protocol/approval.js";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/failures.js";
import { ID_PATTERN } from "../../protocol/id.js";
import type { Operation } from "../../protocol/operation.js";
import { sanitize } from "../../protocol/text/sanitize.js";
import { addCommand } from "../kit/options.js";
import { printLines } from "../kit/output/print.js";
import { connectFor } from "./connection.js";
import { listPages } from "./list-pages.js";

const WHICH =
  "Operation id, a unique prefix of 3 or more characters, or a label; ID/2: only the question that attempt 2 asked";

export function registerApprove(root: Command): void {
  addCommand(root, "approve", "Answer the question of an operation that waits for approval", [
    "liveops approve k3f",
    "liveops approve k3f/2",
    "liveops approve k3f blue",
  ])
    .argument("[id]", WHICH)
    .argument("[choice]", "One of the choices (default: the only one besides no)")
    .action(
      async (
        id: string | undefined,
        choice: string | undefined,
        _options: unknown,
        command: Command,
      ) => answer(command, id, (client, id, seen) => client.approve(id, { ...seen, choice })),
    );
}

export function registerReject(root: Command): void {
  addCommand(root, "reject", "Reject an operation that waits for approval: its stage fails", [
    "liveops reject k3f",
  ])
    .argument("[id]", WHICH)
    .action(async (id: string | undefined, _options: unknown, command: Command) =>
      answer(command, id, (client, id, seen) => client.reject(id, seen)),
    );
}

async function answer(
  command: Command,
  named: string | undefined,
  send: (client: Client, id: string, seen: { since?: string }) => Promise<Operation>,
): Promise<void> {
  const { client } = await connectFor(command);
  if (named === undefined) throw await noId(client, command.name());
  const [word, attempt] = splitQuestion(named);
  const record = await client.show(word);
  const open = waitsForApproval(record);
  // A command that is typed twice must not answer a question that nobody has seen.
  const isFirst = record.approvals?.length === 1;
  if (open !== null && (attempt === null ? !isFirst : attempt !== open.attempt))
    throw anotherQuestion(open, record.id);
  const operation = await send(client, record.id, open === null ? {} : { since: open.since });
  const { question, answer } = operation.approvals!.at(-1)!;
  printLines([
    `${operation.id} answered: ${sanitize(answer?.choice ?? "")} (${sanitize(question)})`,
  ]);
}

/** `k3f/2`: the operation, and the attempt that asked; without a number, null. */
function splitQuestion(word: string): [id: string, attempt: number | null] {
  const [id = "", number = "", ...more] = word.split("/");
  return more.length === 0 && ID_PATTERN.test(id) && /^\d+$/.test(number)
    ? [id, Number(number)]
    : [word, null];
}

/** Lists the operations that wait for approval. */
async function noId(client: Client, name: string): Promise<UsageError> {
  const { operations } = await listPages(client, { state: ["queued"] });
  const lines = operations.flatMap((it) => {
    const open = waitsForApproval(it);
    return open === null
      ? []
      : `  ${questionId(it.id, open)}  ${sanitize(open.question)} (${open.choices.map((each) => sanitize(each)).join(", ")})`;
  });
  if (lines.length === 0) return new UsageError("no operation waits for approval");
  return new UsageError(
    `give the id of an operation; these wait for approval:\n${lines.join("\n")}`,
    `liveops ${name} ID${name === "approve" ? " CHOICE" : ""}; for a look: liveops show ID`,
  );
}
