/**
 * Operations that a command acts on: ids, or all that match `--state`, `--op`, `--label` and
 * `--older-than`.
 */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { Refusal } from "../../protocol/errors.js";
import { EXIT, type ExitCode } from "../../protocol/exit-codes.js";
import { UsageError } from "../../protocol/failures.js";
import type { Operation } from "../../protocol/operation.js";
import type { SelectionBody } from "../../protocol/requests.js";
import type { State } from "../../protocol/state.js";
import type { SelectionLine } from "../../protocol/stream-lines.js";
import { givenDuration } from "../kit/given-duration.js";
import { type ReportTo, report, say } from "../kit/report.js";
import { listPages } from "./list-pages.js";
import { selector, statesOf } from "./ls/filter.js";

export interface SelectionOptions {
  state?: string;
  op?: string;
  label?: string;
  session?: string;
  olderThan?: string;
  all?: boolean;
}

/** @param what - the operations of `--all`, for the help */
export function addSelectionOptions(
  command: Command,
  what: string,
  states: readonly State[],
): Command {
  return command
    .option("--all", `All ${what}`)
    .option(
      "--state <states>",
      `All ${what} in these states, separated by commas: ${states.join(", ")}`,
    )
    .option("--op <name>", `All ${what} of this type`)
    .option("--label <text>", `All ${what} with this label`);
}

export interface Selection {
  /** The verb of the command, such as `cancel`. */
  verb: string;
  /** States that the command can act on. */
  states: readonly State[];
  to: ReportTo;
}

/**
 * What a command asks the daemon to act on: the ids of the command line, or the selection.
 *
 * @returns null: neither ids nor a selection were given
 * @throws UsageError where both are given, or an option is not valid
 */
export function givenSelection(
  ids: string[],
  options: SelectionOptions,
  { verb, states }: Selection,
): SelectionBody | null {
  if (!hasSelection(options)) return ids.length > 0 ? { ids } : null;
  if (ids.length > 0)
    throw new UsageError(
      "give ids, or options that select operations, not both",
      `liveops ${verb} k3f`,
    );
  const { op, label, session, olderThan } = options;
  const state = wantedStates(options, states);
  return {
    ...(options.all && { all: true as const }),
    state,
    op,
    label,
    session,
    ...(olderThan !== undefined && {
      olderThan: givenDuration("--older-than", olderThan, "30m, 1h or 7d"),
    }),
  };
}

/**
 * Handles the daemon's answer on each operation. A refusal is reported, and the others are handled
 * all the same.
 *
 * @returns the exit code of the first refusal; 0 where there was none
 */
export async function changeAll(
  lines: AsyncGenerator<SelectionLine>,
  selected: SelectionBody,
  { verb, to }: Selection,
  onChanged: (operation: Operation) => void,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  let count = 0;
  for await (const line of lines) {
    if (line.type === "end") break;
    count++;
    if (line.type === "changed") {
      onChanged(line.operation);
      continue;
    }
    const its = await report(Refusal.fromProblem(line.problem), to);
    if (code === EXIT.done) code = its;
  }
  if (selected.ids !== undefined) return code;
  if (count === 0) say(to, `no operation to ${verb} matches`, "yellow");
  else process.stderr.write(`${verb}: ${count === 1 ? "1 operation" : `${count} operations`}\n`);
  return code;
}

export function hasSelection(options: SelectionOptions): boolean {
  const { state, op, label, session, olderThan, all } = options;
  return [state, op, label, session, olderThan].some((each) => each !== undefined) || all === true;
}

/** The operations that match, oldest first. */
export async function select(
  client: Client,
  options: SelectionOptions,
  possible: readonly State[],
): Promise<Operation[]> {
  const { operations } = await listPages(client, {
    state: wantedStates(options, possible),
    op: options.op,
    session: options.session,
    parent: "none",
  });
  const fits = selector(options);
  return operations.filter(fits).reverse();
}

function wantedStates({ state }: SelectionOptions, possible: readonly State[]): State[] {
  const stateFilter = statesOf(state);
  const states = possible.filter((each) => stateFilter?.includes(each) ?? true);
  if (states.length > 0) return states;
  throw new UsageError(
    `--state ${stateFilter?.join(",")}: the command acts on operations that are ${possible.join(" or ")}`,
  );
}
