/**
 * The address of a daemon: `unix:///path/to/socket`, `unix://` for that of this machine, or the
 * address of a daemon of another machine, which a transport reads.
 */
import { UsageError } from "../failures.js";
import { alternatives } from "../text/alternatives.js";
import { percentDecoded } from "../text/percent-encoding.js";
import type { RemoteDaemon, Transport } from "./transport.js";
import { TRANSPORTS } from "./transports.js";

export interface Address {
  /** The address in its one form. */
  text: string;
  /** The options that select the daemon; none of them: that of the environment. */
  options: { remote?: string; socket?: string };
}

const SOCKET_EXAMPLE = "unix:///path/to/liveopsd.sock";

/** An address, as an example in help texts. */
export const ADDRESS_EXAMPLE = TRANSPORTS[0]?.examples[0] ?? SOCKET_EXAMPLE;

/** The forms of an address, for the hint of an error. */
export const ADDRESS_FORMS = `give ${alternatives([...TRANSPORTS.flatMap(({ examples }) => examples), SOCKET_EXAMPLE])}`;

const MACHINE = /^[\w.][\w.-]*$/;

/** Whether a value of `--host` is an address, and not the name of a host. */
export function isAddress(text: string): boolean {
  return text.includes("://");
}

/**
 * @param what - names the source in an error, such as `--host`. @throws UsageError, which repeats
 * no password
 */
export function parseAddress(text: string, what = "--host"): Address {
  if (text.startsWith("unix:")) return socketAddress(text, what);
  const transport = transportOf(text);
  if (transport !== null) {
    const remote = transport.daemonAt(text, what).text;
    return { text: remote, options: { remote } };
  }
  const given = `${what}: ${JSON.stringify(text)}`;
  if (!isAddress(text)) {
    const [meant] = MACHINE.test(text) ? TRANSPORTS : [];
    const hint = meant === undefined ? ADDRESS_FORMS : `did you mean ${meant.scheme}://${text}?`;
    throw new UsageError(`${given} is not an address`, hint);
  }
  const kinds = [...TRANSPORTS.map(({ scheme }) => scheme), "a socket"];
  throw new UsageError(`${given} is not an address of ${kinds.join(" or of ")}`, ADDRESS_FORMS);
}

function socketAddress(text: string, what: string): Address {
  if (text === "unix://") return { text, options: {} };
  const path = /^unix:\/\/(\/[^?#]+)$/.exec(text)?.[1];
  const socket = path === undefined ? "" : percentDecoded(path);
  if (socket === "" || /\p{Cc}/u.test(socket))
    throw new UsageError(
      `${what}: ${JSON.stringify(text)} is not the address of a socket`,
      `give an absolute path: ${SOCKET_EXAMPLE}`,
    );
  return { text: `unix://${path}`, options: { socket } };
}

function transportOf(text: string): Transport | null {
  return TRANSPORTS.find(({ scheme }) => text.startsWith(`${scheme}://`)) ?? null;
}

/**
 * The daemon of another machine; null for one of this machine.
 *
 * @param socket - of a `Client`: a path, or an address in its one form
 */
export function remoteOf(socket = ""): RemoteDaemon | null {
  return transportOf(socket)?.daemonAt(socket, "--host") ?? null;
}

/** From now on, nobody is asked for the password of another machine. */
export function askNothing(): void {
  for (const transport of TRANSPORTS) transport.askNothing();
}

/** Lets connections that are being made outlive this process: the next one uses them. */
export function leaveConnections(): void {
  for (const transport of TRANSPORTS) transport.leaveConnections();
}

/** Ends all connections of this process to other machines. */
export function closeRemotes(): void {
  for (const transport of TRANSPORTS) transport.close();
}
