/** The header by which a client tells who makes a request: for the audit log, and for what a person has done by hand. */
import { hostname, userInfo } from "node:os";
import { basename, extname } from "node:path";

/** `Liveops-Client: pid=123; command=liveops submit; user=ann; host=laptop`: names the client to the daemon. */
export const CLIENT_HEADER = "liveops-client";

/** Longest command and name in the header, in characters. */
const MAX_COMMAND = 64;
const MAX_NAME = 64;

let own: string | undefined;

/**
 * The header of this process: its pid, program and liveops command, without arguments, and its user.
 *
 * @param isAway the daemon is on another machine, which gets the name of this one
 */
export function clientHeader(isAway: boolean): string {
  own ??= `pid=${process.pid}; command=${commandOf(process.argv)}; user=${userName()}`;
  return isAway ? `${own}; host=${nameFor(hostname())}` : own;
}

/** The user of this process. */
export function userName(): string {
  try {
    return nameFor(userInfo().username);
  } catch {
    // A container may have no name for the id.
    return String(process.getuid?.() ?? "unknown");
  }
}

function nameFor(text: string): string {
  return text.replace(/[^\w.-]/g, "_").slice(0, MAX_NAME);
}

export function commandOf([, script = "", word = ""]: readonly string[]): string {
  const file = basename(script);
  const program = basename(file, extname(file)).replace(/[^\w.@+-]/g, "_") || "node";
  // The first argument of another program may be a secret.
  const isOurs = /^liveops(?:d|-tui)?$/.test(program);
  const command = isOurs && /^[a-z][a-z-]*$/.test(word) ? `${program} ${word}` : program;
  return command.slice(0, MAX_COMMAND);
}

export interface ClaimedClient {
  pid: number;
  command: string;
  user?: string;
  /** The client runs on this other machine. */
  host?: string;
}

/** Null if the header has another form. */
export function parseClientHeader(header: string): ClaimedClient | null {
  const form =
    /^pid=(\d{1,10}); command=([\w.@+ -]{1,64})(?:; user=([\w.-]{1,64}))?(?:; host=([\w.-]{1,64}))?$/;
  const [, pid, command, user, host] = form.exec(header) ?? [];
  if (pid === undefined || command === undefined) return null;
  return {
    ...{ pid: Number(pid), command },
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
  };
}
