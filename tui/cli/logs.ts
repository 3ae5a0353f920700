/** `liveops logs`: prints an operation's log lines, all or the last N; with -f also new lines. */
import type { Command } from "commander";
import type { Client } from "../../protocol/client/client.js";
import { wantsColour } from "../../protocol/command/colour.js";
import { UsageError } from "../../protocol/command/failures.js";
import { interruptible } from "../../protocol/command/interruptible.js";
import { addCommand, reportTo } from "../../protocol/command/options.js";
import { sanitizeLogLine } from "../../protocol/command/sanitize.js";
import { withoutSequences } from "../../protocol/command/sgr.js";
import type { LogLine } from "../../protocol/operation.js";
import { jsonLine } from "../terminal/json.js";
import { namedOrNewest } from "./arguments.js";
import { connect } from "./connection.js";
import { followChain } from "./follow/chain.js";
import type { Reconnect } from "./follow/reconnect.js";
import { lostNotes } from "./wait-for-all.js";

/** Largest page of lines that the daemon returns. */
const PAGE = 10_000;

/** Where printing stopped: the number of the last line, and its position among the events. */
export interface LogEnd {
  logLine: number;
  seq: number;
}

type Print = (line: LogLine) => unknown;

/** Prints the stored lines, page by page. `tail`: prints only the last `tail` lines. */
export async function storedLines(
  client: Client,
  id: string,
  tail: number | undefined,
  print: Print,
): Promise<LogEnd> {
  let end: LogEnd = { logLine: 0, seq: 0 };
  let after = 0;
  if (tail !== undefined) {
    // Request one line at least: its number tells where new lines begin.
    const last = await client.log(id, { tail: Math.min(Math.max(1, tail), PAGE), limit: PAGE });
    const newest = last.lines.at(-1);
    if (newest === undefined) return end;
    if (tail <= PAGE) {
      for (const line of tail === 0 ? [] : last.lines) print(line);
      return { logLine: newest.n, seq: newest.seq };
    }
    after = Math.max(0, last.total - tail);
  }
  for await (const page of client.logPages(id, { after, limit: PAGE })) {
    for (const line of page.lines) {
      print(line);
      end = { logLine: line.n, seq: line.seq };
    }
  }
  return end;
}

/** Prints new lines until the operation is finished. Does not follow the chain: a log belongs to one operation. */
export async function comingLines(
  client: Client,
  id: string,
  end: LogEnd,
  print: Print,
  reconnect: Reconnect,
): Promise<void> {
  const lines = followChain(client, id, { ...reconnect, chain: false, after: end });
  for await (const { line } of lines) if (line.type === "log:line") print(withoutType(line));
}

function withoutType({ type: _type, ...line }: LogLine & { type: "log:line" }): LogLine {
  return line;
}

interface LogsOptions {
  follow?: boolean;
  lines?: string;
  json?: boolean;
}

export function registerLogs(root: Command): void {
  addCommand(root, "logs", "Print the log of an operation", [
    "liveops logs",
    "liveops logs k3f -n 20",
    "liveops logs k3f -f",
    "liveops logs k3f --json | jq -r 'select(.stream == \"stderr\").text'",
  ])
    .argument("[id]", "Operation id, or a unique prefix of 3 or more characters (default: the newest)")
    .option("-f, --follow", "Print new lines until the operation finishes")
    .option("-n, --lines <n>", "Print only the last <n> lines")
    .option("--json", "Print one JSON object per line, with the exact text")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options } = connect<LogsOptions>(command);
      const tail = tailOf(options.lines);
      const operation = await namedOrNewest(client, id);
      const coloured = wantsColour(process.stdout);
      const shown = (text: string) => {
        const line = sanitizeLogLine(text);
        return coloured ? line : withoutSequences(line);
      };
      const print = (line: LogLine) =>
        process.stdout.write(`${options.json ? jsonLine(line) : shown(line.text)}\n`);
      const end = await storedLines(client, operation.id, tail, print);
      if (!options.follow) return;
      await interruptible(
        () => `interrupted; ${operation.id} continues`,
        (signal) =>
          comingLines(client, operation.id, end, print, { signal, ...lostNotes(reportTo(command.parent!)) }),
      );
    });
}

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`-n: ${JSON.stringify(text)} is not a number of lines; give 0 or more`);
}
