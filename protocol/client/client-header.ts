/** The header by which the daemon's audit log names the client of a request. */
import { hostname } from "node:os";
import { basename, extname } from "node:path";

/** `Liveops-Client: pid=123; command=liveops submit; host=laptop`: identifies the client in the daemon's audit log. */
export const CLIENT_HEADER = "liveops-client";

/** Longest command and name of a machine in the header, in characters. */
const MAX_COMMAND = 64;
const MAX_HOST = 64;

let own: string | undefined;

/**
 * The header of this process: its pid, program and liveops command, without arguments.
 *
 * @param isAway the daemon is on another machine, which gets the name of this one
 */
export function clientHeader(isAway: boolean): string {
  own ??= `pid=${process.pid}; command=${commandOf(process.argv)}`;
  return isAway
    ? `${own}; host=${hostname()
        .replace(/[^\w.-]/g, "_")
        .slice(0, MAX_HOST)}`
    : own;
}

export function commandOf([, script = "", word = ""]: readonly string[]): string {
  const file = basename(script);
  const program = basename(file, extname(file)).replace(/[^\w.@+-]/g, "_") || "node";
  // The first argument of another program may be a secret.
  const isOurs = /^liveops(?:d|-tui)?$/.test(program);
  const command = isOurs && /^[a-z][a-z-]*$/.test(word) ? `${program} ${word}` : program;
  return command.slice(0, MAX_COMMAND);
}

/** Null if the header has another form. @returns `host`: the client runs on this other machine */
export function parseClientHeader(header: string): { pid: number; command: string; host?: string } | null {
  const form = /^pid=(\d{1,10}); command=([\w.@+ -]{1,64})(?:; host=([\w.-]{1,64}))?$/;
  const [, pid, command, host] = form.exec(header) ?? [];
  if (pid === undefined || command === undefined) return null;
  return { pid: Number(pid), command, ...(host !== undefined && { host }) };
}
