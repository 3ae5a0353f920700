/** `liveops ls`: lists the live operations and the newest operations. */
import type { Command } from "commander";
import { Client } from "../../protocol/client/client.js";
import { paintFor } from "../../protocol/command/colour.js";
import { commandPlaces, type GlobalOptions } from "../../protocol/command/daemon-address.js";
import { UsageError } from "../../protocol/command/failures.js";
import { addCommand, allOptions, reportTo } from "../../protocol/command/options.js";
import { type ReportTo, say } from "../../protocol/command/report.js";
import { nearest } from "../../protocol/nearest.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal, STATES, type State } from "../../protocol/state.js";
import { jsonLine } from "../terminal/json.js";
import { widthsFor } from "../terminal/widths.js";
import { table, textsOf } from "./ls-table.js";

/** Without a limit, `ls` shows all live operations and the newest 20; with a limit, only the newest N. */
export const DEFAULT_LIMIT = 20;
/** Largest page that the daemon returns. */
const PAGE = 1000;

export interface ListWish {
  state?: State[] | undefined;
  op?: string | undefined;
  limit?: number | undefined;
}

/** Newest first; `total` counts all operations that match the filters. */
export async function listed(
  client: Client,
  { state, op, limit }: ListWish,
): Promise<{ operations: Operation[]; total: number }> {
  const newest = await pages(client, { state, op }, limit ?? DEFAULT_LIMIT);
  if (limit !== undefined || newest.operations.length < DEFAULT_LIMIT) return newest;
  const live = (state ?? (["queued", "running"] as State[])).filter((it) => !isFinal(it));
  if (live.length === 0) return newest;
  const older = await pages(client, { state: live, op }, Number.POSITIVE_INFINITY);
  const known = new Set(newest.operations.map((it) => it.id));
  return {
    operations: [...newest.operations, ...older.operations.filter((it) => !known.has(it.id))],
    total: newest.total,
  };
}

async function pages(
  client: Client,
  filter: Omit<ListWish, "limit">,
  wanted: number,
): Promise<{ operations: Operation[]; total: number }> {
  const operations: Operation[] = [];
  let before: string | undefined;
  for (;;) {
    const limit = Math.min(PAGE, wanted - operations.length);
    const page = await client.list({ ...filter, limit, ...(before !== undefined && { before }) });
    operations.push(...page.operations);
    if (page.next === null || page.operations.length === 0 || operations.length >= wanted) {
      return { operations, total: page.total };
    }
    before = page.next;
  }
}

export interface ListOptions extends GlobalOptions {
  state?: string;
  op?: string;
  limit?: string;
  json?: boolean;
}

/** The stream for the table. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export async function list(options: ListOptions, to: ReportTo, output: Output): Promise<void> {
  const { operations, total } = await listed(new Client(commandPlaces(options).socket), {
    state: statesOf(options.state),
    op: options.op,
    limit: limitOf(options.limit),
  });
  if (options.json) {
    output.write(`${jsonLine(operations)}\n`);
    return;
  }
  if (operations.length === 0) {
    say(to, "no operations to list; submit one: liveops submit <op> (liveops ops lists the types)", "yellow");
    return;
  }
  const width = output.isTTY ? output.columns || 80 : Number.POSITIVE_INFINITY;
  const widths = await widthsFor(textsOf(operations));
  output.write(`${table(operations, { width, widths, paint: paintFor(output) }).join("\n")}\n`);
  if (total > operations.length && process.stderr.isTTY) {
    say(
      to,
      `${operations.length} of ${total} operations shown; list more with liveops ls --limit N`,
      "yellow",
    );
  }
}

function statesOf(text: string | undefined): State[] | undefined {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const state = STATES.find((known) => known === word.trim());
    if (state) return state;
    const [near] = nearest(word, STATES);
    throw new UsageError(
      `--state: ${JSON.stringify(word)} is not a state${near ? `; did you mean ${near}?` : ""}`,
      `states: ${STATES.join(", ")}`,
    );
  });
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--limit: ${JSON.stringify(text)} is not a number of operations; give 1 or more`);
}

export function registerLs(root: Command): void {
  addCommand(root, "ls", `List all live operations and the newest ${DEFAULT_LIMIT}`, [
    "liveops ls",
    "liveops ls --state failed,cancelled --op backup",
    "liveops ls --limit 100 --json | jq -r '.[].id'",
  ])
    .option("--state <states>", `List only these states, separated by commas: ${STATES.join(", ")}`)
    .option("--op <name>", "List only operations of this type")
    .option("--limit <n>", "List only the newest <n> operations")
    .option("--json", "Print the operations as a JSON array of records")
    .action(async (_options: unknown, command: Command) => {
      await list(allOptions<ListOptions>(command), reportTo(command.parent!), process.stdout);
    });
}
