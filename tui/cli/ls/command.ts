/** `liveops ls`: lists the newest operations, those that run and the first queued ones. */
import { type Command, Option } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { commandPlaces, type GlobalOptions } from "../../../protocol/client/daemon-address.js";
import { waitingClient } from "../../../protocol/client/find-daemon.js";
import { FIRST_QUEUED } from "../../../protocol/limits.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { STATES } from "../../../protocol/state.js";
import { hasProc, NOT_AVAILABLE } from "../../../protocol/system/own-process.js";
import { paintFor } from "../../../protocol/text/colour.js";
import { OPERATIONS } from "../../describe/columns.js";
import { waitsText } from "../../describe/waits.js";
import { addCommand, allOptions, everyday, reportTo } from "../../kit/options.js";
import { jsonLine } from "../../kit/output/json.js";
import { formatShortTime } from "../../kit/output/local-time.js";
import { listLines, printLines } from "../../kit/output/print.js";
import type { TableStream } from "../../kit/output/table.js";
import { type ReportTo, say } from "../../kit/report.js";
import { formatDuration } from "../../terminal/format.js";
import { LIVE_STATES, listPages, liveSnapshot } from "../list-pages.js";
import { readWaits } from "../read-waits.js";
import {
  type ClientFilter,
  DEFAULT_LIMIT,
  givenFilter,
  type LsFilter,
  moreQueuedText,
  newestOf,
} from "./filter.js";
import { ListProgress } from "./progress.js";
import { contextOf } from "./table.js";

interface Listed {
  /** Newest first. */
  operations: Operation[];
  /** All operations that match the filters. */
  total: number;
  /** Those of them that are queued and not listed; 0 with a limit. */
  moreQueued: number;
}

async function listed(client: Client, filter: LsFilter): Promise<Listed> {
  const { state, op, parent, limit, fits, session, here } = filter;
  const query = { state, op, parent, session, here };
  if (fits !== undefined) {
    const matching = (await listPages(client, query)).operations.filter(fits);
    const operations = newestOf(matching, filter);
    const moreQueued = limit === undefined ? queuedIn(matching) - queuedIn(operations) : 0;
    return { operations, total: matching.length, moreQueued };
  }
  const newest = await listPages(client, query, limit ?? DEFAULT_LIMIT);
  const live = LIVE_STATES.filter((it) => state?.includes(it) ?? true);
  if (limit !== undefined || newest.operations.length < DEFAULT_LIMIT || live.length === 0)
    return { ...newest, moreQueued: 0 };
  const first = await liveSnapshot(client, { state: live, op });
  const known = new Set(newest.operations.map((it) => it.id));
  const wanted = first.operations.filter((it) => parent === undefined || it.parent === undefined);
  const older = wanted.toReversed().filter((it) => !known.has(it.id));
  const operations = [...newest.operations, ...older];
  const all = queuedIn(wanted) + (first.moreQueued ?? 0);
  return { operations, total: newest.total, moreQueued: Math.max(0, all - queuedIn(operations)) };
}

const queuedIn = (operations: Operation[]) =>
  operations.filter(({ state }) => state === "queued").length;

export interface ListOptions extends GlobalOptions, ClientFilter {
  state?: string;
  op?: string;
  children?: boolean;
  limit?: string;
  wide?: boolean;
  json?: boolean;
  o?: "name";
}

export async function list(options: ListOptions, to: ReportTo, output: TableStream): Promise<void> {
  const places = await commandPlaces(options);
  const client = waitingClient(places, options);
  const filter = givenFilter(options);
  const isTable = !options.json && options.o === undefined;
  const isPlain = output.isTTY === true && isTable && !isFiltered(filter);
  // A daemon without schedules is the usual case; the list does not wait for it.
  const schedules = isPlain ? client.schedules().catch(() => null) : null;
  const waits = isPlain ? readWaits(client, places.stateDir, schedules).catch(() => []) : [];
  const { operations, total, moreQueued } = await listed(client, filter);
  // The daemon refuses a name that is neither a type nor the type of any operation, and suggests
  // near names.
  if (operations.length === 0 && options.op !== undefined) await client.history(options.op);
  if (options.json || !isTable) {
    printLines(options.json ? [jsonLine(operations)] : operations.map(({ id }) => id), output);
    sayMoreQueued(to, moreQueued, total);
    return;
  }
  if (operations.length === 0) {
    say(to, nothingToList(filter), "yellow");
    return;
  }
  const progress = new ListProgress(client);
  await Promise.all([progress.foresee(operations), progress.look(operations)]);
  const context = contextOf(progress.figures());
  const lines = await listLines(OPERATIONS, operations, context, output, options.wide);
  const next = nextRunsLine((await schedules)?.schedules ?? [], new Date(client.now()));
  if (next !== null) lines.push(paintFor(output)("dim", next));
  printLines(lines, output);
  const waiting = waitsText(await waits);
  if (waiting !== "") say(to, `${waiting}: liveops-tui`, "yellow");
  const isUnmeasured = operations.every(
    ({ resources }) => !resources?.readBytes && !resources?.writtenBytes,
  );
  if (options.wide && !hasProc() && isUnmeasured)
    say(to, `READ and WRITTEN are ${NOT_AVAILABLE}`, "yellow");
  if (moreQueued > 0) sayMoreQueued(to, moreQueued, total);
  else if (total > operations.length && process.stderr.isTTY) {
    say(
      to,
      `${operations.length} of ${total} operations shown; list more with liveops ls --limit N`,
      "yellow",
    );
  }
}

function sayMoreQueued(to: ReportTo, moreQueued: number, total: number): void {
  if (moreQueued === 0) return;
  say(
    to,
    `${moreQueuedText(moreQueued)}; list all ${total} with liveops ls --limit ${total}`,
    "yellow",
  );
}

/** Next runs that are shown below the table. */
const MOST_NEXT = 3;

/** The next runs of the schedules in one line; null: there are none. Pure. */
export function nextRunsLine(schedules: readonly ScheduleReply[], now: Date): string | null {
  const next = schedules
    .flatMap(({ name, nextAt }) => (nextAt === null ? [] : [{ name, at: new Date(nextAt) }]))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  if (next.length === 0) return null;
  const runs = next.slice(0, MOST_NEXT).map(({ name, at }) => {
    const seconds = Math.max(0, Math.round((at.getTime() - now.getTime()) / 1000));
    return `${name} at ${formatShortTime(at, now)} (in ${formatDuration(seconds)})`;
  });
  const more =
    next.length > MOST_NEXT ? `, and ${next.length - MOST_NEXT} more: liveops schedule` : "";
  return `Next runs: ${runs.join(", ")}${more}`;
}

function isFiltered({ state, op, fits }: LsFilter): boolean {
  return [state, op, fits].some((each) => each !== undefined);
}

function nothingToList(filter: LsFilter): string {
  if (isFiltered(filter))
    return "no operations to list with these filters; list all operations: liveops ls";
  return "no operations to list; submit one: liveops submit <op> (liveops ops lists the types)";
}

export function registerLs(root: Command): void {
  const ls = addCommand(
    root,
    "ls",
    `List the newest ${DEFAULT_LIMIT} operations, those that run, and the first ${FIRST_QUEUED} queued ones`,
    [
      "liveops ls",
      "liveops ls --state failed,cancelled --op backup",
      "liveops ls --queue gpu --state queued",
      "liveops ls --here --state running",
      "liveops ls --wide",
      "liveops ls --state queued --limit 100 -o name | xargs -r liveops cancel",
      "liveops ls --limit 100 --json | jq -r '.[].id'",
    ],
  );
  ls.option("--state <states>", `List only these states, separated by commas: ${STATES.join(", ")}`)
    .option("--op <name>", "List only operations of this type")
    .option("--label <text>", "List only operations with this label")
    .option("--queue <name>", "List only operations of this queue")
    .option("--here", "List only operations that were submitted in this directory or below")
    .option(
      "--session <name>",
      "List only operations that this session submitted (LIVEOPS_SESSION)",
    )
    .option(
      "--children",
      "Also list the children of operations, a row each; --queue lists those of its queue anyway",
    )
    .option("-n, --limit <n>", "List only the newest <n> operations")
    .option("--wide", "Also show the duration, CPU time, memory and I/O of each operation")
    .option("--json", "Print the operations as a JSON array of records")
    .addOption(
      new Option("-o <form>", "Print the ids, one per line, for xargs")
        .choices(["name"])
        .conflicts("json"),
    )
    .action(async (_options: unknown, command: Command) => {
      await list(allOptions<ListOptions>(command), reportTo(command), process.stdout);
    });
  everyday(ls, ["--state", "--op", "--label", "--queue", "--limit", "--wide", "--json"]);
}
