/** `liveops ls`: the live operations and the newest finished ones, as a table that fits the terminal. */
import type { Command } from "commander";
import { paintFor } from "../../../protocol/command/colour.js";
import { UsageError } from "../../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../../protocol/command/options.js";
import { say } from "../../../protocol/command/report.js";
import { nearest } from "../../../protocol/nearest.js";
import { STATES, type State } from "../../../protocol/state.js";
import { jsonLine } from "../../terminal/json.js";
import { connect } from "../connect.js";
import { DEFAULT_LIMIT, listed } from "./listed.js";
import { table } from "./table.js";

interface LsOptions {
  state?: string;
  op?: string;
  limit?: string;
  json?: boolean;
}

export function registerLs(root: Command): void {
  addCommand(root, "ls", `List operations: the live ones and the newest ${DEFAULT_LIMIT}`, [
    "liveops ls",
    "liveops ls --state failed,cancelled --op backup",
    "liveops ls --limit 100 --json | jq -r '.[].id'",
  ])
    .option("--state <states>", `only these, separated by commas: ${STATES.join(", ")}`)
    .option("--op <name>", "only operations of this type")
    .option("--limit <n>", "at most so many, the newest")
    .option("--json", "an array of records")
    .action(async (_options: unknown, command: Command) => {
      const { client, options } = connect<LsOptions>(command);
      const { operations, total } = await listed(client, {
        state: statesOf(options.state),
        op: options.op,
        limit: limitOf(options.limit),
      });
      if (options.json) {
        process.stdout.write(`${jsonLine(operations)}\n`);
        return;
      }
      const to = reportTo(command.parent!);
      if (operations.length === 0) {
        say(
          to,
          "no operations to list; submit one: liveops submit <op> (liveops ops lists the types)",
          "yellow",
        );
        return;
      }
      const width = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
      process.stdout.write(`${table(operations, { width, paint: paintFor(process.stdout) }).join("\n")}\n`);
      if (process.stderr.isTTY && total > operations.length) {
        say(to, `${operations.length} of ${total}; more: liveops ls --limit N`, "yellow");
      }
    });
}

function statesOf(text: string | undefined): State[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const state = STATES.find((known) => known === word.trim());
    if (state) return state;
    const [near] = nearest(word, STATES);
    throw new UsageError(
      `--state: there is no state ${JSON.stringify(word)}${near ? `; did you mean ${near}?` : ""}`,
      `the states: ${STATES.join(", ")}`,
    );
  });
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--limit: ${JSON.stringify(text)} is no number of operations; write 1 or more`);
}
