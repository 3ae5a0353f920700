/** `Liveops-Client: pid=123; command=liveops submit`: who asks, for the daemon's audit log. */
import { basename, extname } from "node:path";

export const CLIENT_HEADER = "liveops-client";

/** Longest command that is sent and read, in characters. */
const MAX_COMMAND = 64;

let own: string | undefined;

/** What this process says of itself: its program, and the command of ours that it runs; no arguments. */
export function clientHeader(): string {
  own ??= `pid=${process.pid}; command=${commandOf(process.argv)}`;
  return own;
}

export function commandOf([, script = "", word = ""]: readonly string[]): string {
  const file = basename(script);
  const program = basename(file, extname(file)).replace(/[^\w.@+-]/g, "_") || "node";
  // What follows another program's name may be anything, a secret too.
  const isOurs = /^liveops(?:d|-tui)?$/.test(program);
  const command = isOurs && /^[a-z][a-z-]*$/.test(word) ? `${program} ${word}` : program;
  return command.slice(0, MAX_COMMAND);
}

/** Null where it is not of that form. */
export function parseClientHeader(header: string): { pid: number; command: string } | null {
  const [, pid, command] = /^pid=(\d{1,10}); command=([\w.@+ -]{1,64})$/.exec(header) ?? [];
  return pid === undefined || command === undefined ? null : { pid: Number(pid), command };
}
