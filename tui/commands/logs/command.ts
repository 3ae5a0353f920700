/** `liveops logs`: an operation's log lines, all or the last N, and with -f those to come. */
import type { Command } from "commander";
import { UsageError } from "../../../protocol/command/failures.js";
import { addCommand, reportTo } from "../../../protocol/command/options.js";
import { sanitize } from "../../../protocol/command/sanitize.js";
import type { LogLine } from "../../../protocol/operation.js";
import { jsonLine } from "../../terminal/json.js";
import { connect } from "../connect.js";
import { interruptible } from "../interrupt.js";
import { namedOrNewest } from "../newest.js";
import { lostNotes } from "../wait/lost-notes.js";
import { comingLines, storedLines } from "./lines.js";

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
      const print = (line: LogLine) =>
        process.stdout.write(`${options.json ? jsonLine(line) : sanitize(line.text)}\n`);
      const end = await storedLines(client, operation.id, tail, print);
      if (!options.follow) return;
      await interruptible(
        () => `interrupted; ${operation.id} goes on`,
        (signal) =>
          comingLines(client, operation.id, end, print, { signal, ...lostNotes(reportTo(command.parent!)) }),
      );
    });
}

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`-n: ${JSON.stringify(text)} is no number of lines; write 0 or more`);
}
