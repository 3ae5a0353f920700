/**
 * Operations that a command acts on: ids, or all that match `--state`, `--op`, `--label`, `--queue`, `--host` and
 * `--older-than`.
 */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { UsageError } from "../../protocol/command/failures.js";
import { useHost } from "../../protocol/command/host-option.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal, type State } from "../../protocol/state.js";
import { listPages } from "./list-pages.js";
import { hostFilter, selector, statesOf } from "./ls-filter.js";

export interface SelectionOptions {
  state?: string;
  op?: string;
  label?: string;
  queue?: string;
  host?: string;
  olderThan?: string;
  failed?: boolean;
  all?: boolean;
  yes?: boolean;
}

/** Above this number, the command asks on a terminal. */
const ASKS_ABOVE = 20;

/**
 * @param what - the operations of `--all`, for the help
 * @param changes - whether the command changes the operations, so that it may ask. Default: true
 */
export function addSelectionOptions(
  command: Command,
  what: string,
  states: readonly State[],
  changes = true,
): Command {
  command
    .option("--all", `All ${what}`)
    .option("--state <states>", `All ${what} in these states, separated by commas: ${states.join(", ")}`);
  if (states.includes("failed")) command.option("--failed", "The same as --state failed");
  if (changes) command.option("--yes", `Do not ask before acting on more than ${ASKS_ABOVE} operations`);
  useHost(
    command,
    "or-name",
    `Ask the daemon of another machine: ssh://user@host; or all ${what} of this host of the fleet`,
  );
  return command
    .option("--op <name>", `All ${what} of this type`)
    .option("--label <text>", `All ${what} with this label`)
    .option("--queue <name>", `All ${what} of this queue`)
    .option(
      "--older-than <duration>",
      `All ${what}, ${states.every(isFinal) ? "finished" : "submitted"} longer ago than this: 1h, 7d`,
    );
}

export interface Selection {
  /** The verb of the command, such as `cancel`. */
  verb: string;
  /** States that the command can act on. */
  states: readonly State[];
  to: ReportTo;
}

/**
 * The ids that a command acts on: those of the command line, or those of the selection, oldest first.
 *
 * @returns null: neither ids nor a selection were given
 * @throws UsageError where both are given, or an option is not valid, or the person says no
 */
export async function selectedIds(
  client: Client,
  ids: string[],
  options: SelectionOptions,
  selection: Selection,
): Promise<string[] | null> {
  const isSelection = hasSelection(options);
  if (isSelection && ids.length > 0)
    throw new UsageError(
      "give ids, or options that select operations, not both",
      `liveops ${selection.verb} k3f`,
    );
  if (!isSelection) return ids.length > 0 ? ids : null;
  const found = await select(client, options, selection.states);
  const count = found.length === 1 ? "1 operation" : `${found.length} operations`;
  if (found.length === 0) say(selection.to, `no operations to ${selection.verb} match`, "yellow");
  else if (found.length > ASKS_ABOVE && !options.yes && process.stdin.isTTY && process.stderr.isTTY) {
    if (!(await isConfirmed(`${selection.verb} ${count}? [y/N] `)))
      throw new UsageError("nothing was changed");
  } else process.stderr.write(`${selection.verb}: ${count}\n`);
  return found.map(({ id }) => id);
}

export function hasSelection(options: SelectionOptions): boolean {
  const { state, op, label, queue, host, olderThan, failed, all } = options;
  return (
    [state, op, label, queue, host, olderThan].some((each) => each !== undefined) ||
    failed === true ||
    all === true
  );
}

/** The operations that match, oldest first. */
export async function select(
  client: Client,
  options: SelectionOptions,
  possible: readonly State[],
): Promise<Operation[]> {
  const wanted = options.failed ? (["failed"] as State[]) : statesOf(options.state);
  const state = wanted?.filter((each) => possible.includes(each)) ?? [...possible];
  if (state.length === 0)
    throw new UsageError(
      `--state ${wanted?.join(",")}: the command acts on operations that are ${possible.join(" or ")}`,
    );
  const host = await hostFilter(client, options.host);
  const { operations } = await listPages(client, { state, op: options.op, host });
  const fits = selector(options, Date.now);
  return operations.filter(fits).reverse();
}

/** Asks on the terminal. */
export async function isConfirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
