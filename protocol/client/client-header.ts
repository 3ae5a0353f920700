/**
 * The header by which a client tells who makes a request: for answers, and for what a person has
 * done by hand.
 */
import { hostname, userInfo } from "node:os";

/** `Liveops-Client: user=ann; host=laptop`: names the person to the daemon. */
export const CLIENT_HEADER = "liveops-client";

/** Longest name in the header, in characters. */
const MAX_NAME = 64;

/** @param isAway the daemon is on another machine, which gets the name of this one */
export function clientHeader(isAway: boolean): string {
  const user = `user=${userName()}`;
  return isAway ? `${user}; host=${nameFor(hostname())}` : user;
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

/**
 * The user, with `@host` where the client is on another machine. Null if the header has another
 * form.
 */
export function personIn(header: string): string | null {
  const [, user, host] = /^user=([\w.-]{1,64})(?:; host=([\w.-]{1,64}))?$/.exec(header) ?? [];
  if (user === undefined) return null;
  return host === undefined ? user : `${user}@${host}`;
}
