/**
 * The address of a daemon: `ssh://[user@]host[:port][/path/to/socket]`, `unix:///path/to/socket`, or `unix://` for that
 * of this machine.
 */
import { UsageError } from "../../failures.js";
import { shellLine } from "../../text/shell-quote.js";

export interface SshAddress {
  kind: "ssh";
  /** The address in its one form, which names the daemon to a `Client`. */
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

export interface UnixAddress {
  kind: "unix";
  text: string;
  name: string;
  /** Null: that of the environment. */
  socket: string | null;
}

export type HostAddress = SshAddress | UnixAddress;

/** For a hint. */
const ADDRESS_FORMS =
  "give ssh://host, ssh://user@host:2222, ssh://host/path/to/liveopsd.sock or unix:///path/to/liveopsd.sock";

const SSH = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/@[\]]*)(?::([^/]*))?(\/.*)?$/s;

/** No option of ssh, and nothing that a shell or a pattern of ssh's configuration could read as more than a name. */
const HOST = /^[\w.][\w.-]*$/;
const IPV6 = /^[\da-f:.]+(%[\w.-]+)?$/i;
const USER = /^[\w.][\w.+@\\-]*$/;

/** Whether a value of `--host` is an address, and not the name of a host of a fleet. */
export function isAddress(text: string): boolean {
  return text.includes("://");
}

/** Whether a `socket` of a `Client` is an address of a remote host, and not a path. */
export function isRemote(socket: string): boolean {
  return socket.startsWith("ssh://");
}

/**
 * @param what - names the source in an error, such as `--host`
 * @throws UsageError, which repeats no password
 */
export function parseAddress(text: string, what = "--host"): HostAddress {
  if (text.startsWith("unix:")) return unixAddress(text, what);
  const [, userText, hostText = "", portText, path = ""] = SSH.exec(text) ?? [];
  if (userText?.includes(":"))
    throw new UsageError(
      `${what} has a password, which other users of this machine can read`,
      "leave it out: ssh asks for it, or uses a key",
    );
  const refuse = (why: string) => new UsageError(`${what}: ${JSON.stringify(text)} ${why}`, ADDRESS_FORMS);
  if (!isAddress(text)) {
    const hint = HOST.test(text) ? `did you mean ssh://${text}?` : ADDRESS_FORMS;
    throw new UsageError(`${what}: ${JSON.stringify(text)} is not an address`, hint);
  }
  if (!text.startsWith("ssh://")) throw refuse("is not an address of ssh or of a socket");
  const bare = hostText.replace(/^\[(.*)\]$/s, "$1");
  const isBracketed = bare !== hostText;
  if (bare === "") throw refuse("names no host");
  if (!(isBracketed ? IPV6 : HOST).test(bare)) throw refuse("has a host that is not valid");
  const user = userText === undefined ? null : decoded(userText);
  if (user !== null && !USER.test(user)) throw refuse("has a user that is not valid");
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && !(/^\d{1,5}$/.test(portText!) && port >= 1 && port <= 65_535))
    throw refuse("has a port that is not a number from 1 to 65535");
  if (/[?#]/.test(path)) throw refuse("has more than a path after the host");
  const socket = path === "" || path === "/" ? null : decoded(path);
  if (socket !== null && /\p{Cc}/u.test(socket)) throw refuse("has a path that is not valid");
  const shownHost = isBracketed ? `[${bare}]` : bare;
  const at = `${user === null ? "" : `${user}@`}${shownHost}${port === null ? "" : `:${port}`}`;
  return {
    ...{ kind: "ssh", user, host: bare, port, socket },
    ...{ name: at + (socket ?? ""), hostName: at },
    text: `ssh://${user === null ? "" : `${encodeURIComponent(user)}@`}${shownHost}${port === null ? "" : `:${port}`}${socket === null ? "" : encodeURI(socket).replace(/[?#]/g, encodeURIComponent)}`,
  };
}

function unixAddress(text: string, what: string): UnixAddress {
  if (text === "unix://") return { kind: "unix", text, name: "this machine", socket: null };
  const path = /^unix:\/\/(\/[^?#]+)$/.exec(text)?.[1];
  const socket = path === undefined ? "" : decoded(path);
  if (socket === "" || /\p{Cc}/u.test(socket))
    throw new UsageError(
      `${what}: ${JSON.stringify(text)} is not the address of a socket`,
      "give an absolute path: unix:///path/to/liveopsd.sock",
    );
  return { kind: "unix", text: `unix://${path}`, name: socket, socket };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The words after `ssh` that select the host. @param end - ends the options: `--` */
export function sshWords({ user, host, port }: SshAddress, end: string[] = []): string[] {
  return [...(port === null ? [] : ["-p", String(port)]), ...end, user === null ? host : `${user}@${host}`];
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

/** As `onHost`, for the address of a `Client`. */
export function onRemote(socket: string, words: readonly string[]): string {
  const address = parseAddress(socket);
  return address.kind === "ssh" ? onHost(address, words) : shellLine(words);
}
