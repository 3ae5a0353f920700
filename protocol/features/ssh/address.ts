/** The address of a daemon on another machine: `ssh://[user@]host[:port][/path/to/socket]`. */
import { UsageError } from "../../failures.js";
import { alternatives } from "../../text/alternatives.js";
import { percentDecoded } from "../../text/percent-encoding.js";
import { shellLine } from "../../text/shell-quote.js";

export interface SshAddress {
  /** The address in its one form. */
  text: string;
  /** For people: `ann@box:2222`, and the path of a socket. */
  name: string;
  /** For people, without the path of a socket. */
  hostName: string;
  user: string | null;
  /** A host, or an alias of ~/.ssh/config. */
  host: string;
  port: number | null;
  /** Socket on the host; null: that of the host's environment. */
  socket: string | null;
}

export const EXAMPLES = [
  "ssh://user@host",
  "ssh://host:2222",
  "ssh://host/path/to/liveopsd.sock",
] as const;

const SSH = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/@[\]]*)(?::([^/]*))?(\/.*)?$/s;

/**
 * No option of ssh, and nothing that a shell or a pattern of ssh's configuration could read as more
 * than a name.
 */
const HOST = /^[\w.][\w.-]*$/;
const IPV6 = /^[\da-f:.]+(%[\w.-]+)?$/i;
const USER = /^[\w.][\w.+@\\-]*$/;

/**
 * @param what - names the source in an error, such as `--host`
 * @throws UsageError, which repeats no password
 */
export function parseAddress(text: string, what: string): SshAddress {
  const [, userText, hostText = "", portText, path = ""] = SSH.exec(text) ?? [];
  if (userText?.includes(":"))
    throw new UsageError(
      `${what} has a password, which other users of this machine can read`,
      "leave it out: ssh asks for it, or uses a key",
    );
  const refuse = (why: string) =>
    new UsageError(`${what}: ${JSON.stringify(text)} ${why}`, `give ${alternatives(EXAMPLES)}`);
  const bare = hostText.replace(/^\[(.*)\]$/s, "$1");
  const isBracketed = bare !== hostText;
  if (bare === "") throw refuse("names no host");
  if (!(isBracketed ? IPV6 : HOST).test(bare)) throw refuse("has a host that is not valid");
  const user = userText === undefined ? null : percentDecoded(userText);
  if (user !== null && !USER.test(user)) throw refuse("has a user that is not valid");
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && !(/^\d{1,5}$/.test(portText!) && port >= 1 && port <= 65_535))
    throw refuse("has a port that is not a number from 1 to 65535");
  if (/[?#]/.test(path)) throw refuse("has more than a path after the host");
  const socket = path === "" || path === "/" ? null : percentDecoded(path);
  if (socket !== null && /\p{Cc}/u.test(socket)) throw refuse("has a path that is not valid");
  const shownHost = isBracketed ? `[${bare}]` : bare;
  const at = `${user === null ? "" : `${user}@`}${shownHost}${port === null ? "" : `:${port}`}`;
  return {
    user,
    host: bare,
    port,
    socket,
    name: at + (socket ?? ""),
    hostName: at,
    text: `ssh://${user === null ? "" : `${encodeURIComponent(user)}@`}${shownHost}${port === null ? "" : `:${port}`}${socket === null ? "" : encodeURI(socket).replace(/[?#]/g, encodeURIComponent)}`,
  };
}

/** The words after `ssh` that select the host. @param end - ends the options: `--` */
export function sshWords({ user, host, port }: SshAddress, end: string[] = []): string[] {
  return [
    ...(port === null ? [] : ["-p", String(port)]),
    ...end,
    user === null ? host : `${user}@${host}`,
  ];
}

/** A command line that runs a command on the host: `ssh box liveops start`. */
export function onHost(address: SshAddress, words: readonly string[]): string {
  return shellLine(["ssh", ...sshWords(address), ...words]);
}

/** The command line that starts the daemon of the address. */
export function startOnHost(address: SshAddress): string {
  const { socket } = address;
  return onHost(address, ["liveops", "start", ...(socket === null ? [] : ["--socket", socket])]);
}
