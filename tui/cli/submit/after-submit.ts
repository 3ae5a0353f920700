/** What `submit`, `again` and `schedule run` do with the operation that they submitted. */
import { type Command, Option } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import type { Operation } from "../../../protocol/operation.js";
import { isForLater } from "../../../protocol/start-time.js";
import { keepOptions } from "../../kit/kept-options.js";
import { type OutputOptions, printResult } from "../../kit/output/options.js";
import type { ReportTo } from "../../kit/report.js";
import { addExitStatus } from "../arguments.js";

export interface OutcomeOptions extends OutputOptions {
  wait?: boolean;
  follow?: boolean;
  exitStatus?: boolean;
}

export function addFollow(command: Command): Command {
  return command.option("--follow", "Show the operation and its chain live in text mode");
}

/** Adds `--wait`, `--follow`, `--exit-status` and `--json`. */
export function addOutcomeOptions(command: Command): Command {
  command.addOption(
    new Option(
      "--wait",
      "Wait for the chain to finish; the exit code is the outcome of the last operation",
    ).conflicts("follow"),
  );
  addFollow(command).option(
    "--json",
    "Print the record as JSON; with --wait, the record of the last operation; with --follow, one JSON event per line",
  );
  return addExitStatus(command, "; waits as --wait does");
}

/**
 * Prints the submitted operation, waits for its chain, or shows the chain live; sets the exit code.
 */
export async function afterSubmit(
  client: Client,
  operation: Operation,
  options: OutcomeOptions,
  to: ReportTo,
): Promise<void> {
  const { exitStatus = false } = options;
  const json = options.json === true;
  const waits = options.wait === true || exitStatus;
  const waitsForLong = isForLater(operation) || operation.blocked !== null;
  // The wait reports a block, and its end.
  const isReported = options.follow || (waits && operation.blocked !== null);
  if (!json && !isReported && (waitsForLong || waits || process.stderr.isTTY)) {
    const { startNote } = await import("../follow/start-note.js");
    const note = await startNote(client, operation);
    if (note !== null) process.stderr.write(`${keepOptions(note, to.options)}\n`);
  }
  if (options.follow) {
    const { followInText } = await import("../follow/in-text.js");
    if (!json) process.stderr.write(`submitted ${operation.id}\n`);
    process.exitCode = await followInText(client, operation, { json, exitStatus }, to);
  } else if (waits) {
    const { waitAfterSubmit } = await import("../follow/wait-for-all.js");
    process.exitCode = await waitAfterSubmit(client, operation, { json, exitStatus }, to);
  } else printResult(options, operation, operation.id);
}
