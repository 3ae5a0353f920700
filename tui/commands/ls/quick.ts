/** The quick way of `ls`: ask, print the table, end. Loads nothing but the client and the table. */
import { isatty } from "node:tty";
import { startCommand } from "../../../protocol/command/looked-for.js";
import { GLOBAL, quickOptions } from "../../../protocol/command/quick-options.js";
import { endQuietlyOnClosedPipe } from "../../../protocol/command/quiet-end.js";
import { report } from "../../../protocol/command/report.js";
import { writeOut } from "../../../protocol/command/write-out.js";
import { type ListOptions, list, type Output } from "./list.js";

const WITH_VALUE = { ...GLOBAL, "--state": "state", "--op": "op", "--limit": "limit" };
const FLAGS = { "--json": "json" };

const stdout: Output = {
  isTTY: isatty(1),
  get columns() {
    return process.stdout.columns;
  },
  write: writeOut,
};

/** Null: commander reads it. */
export function quickList([command, ...words]: string[]): ListOptions | null {
  if (command !== "ls") return null;
  const read = quickOptions(words, { withValue: WITH_VALUE, flags: FLAGS });
  return read && read.plain.length === 0 && read.trailing === undefined ? read.options : null;
}

export async function listQuickly(options: ListOptions): Promise<void> {
  const to = { program: "liveops", startCommand: startCommand(options), options };
  try {
    // The kernel closes the socket quicker than Node does; but only once all is written.
    if (await list(options, to, stdout)) process.exit();
  } catch (error) {
    endQuietlyOnClosedPipe([process.stderr]);
    process.exitCode = report(error, to);
  }
}
