/** Why a host could not be reached over ssh, as an error with the next command. */

import { NoDaemonError } from "../../client/errors.js";
import { EXIT } from "../../exit-codes.js";
import { onHost, type SshAddress, startOnHost } from "./address.js";
import type { Hello } from "./hello.js";

export type Unreachable =
  /** The host was reached, and no daemon answers there. */
  | "no-daemon"
  /** The host did not answer. */
  | "silent"
  /** Another try fails too, until a person changes something. */
  | "refused"
  | "failed";

/** No daemon was reached over ssh; nothing was sent. */
export class UnreachableHostError extends NoDaemonError {
  /** Whether this process has reached the daemon before, so that it may come back. */
  wasReached = false;

  /** @param next - lines with the next commands */
  constructor(
    address: SshAddress,
    override readonly problem: string,
    readonly next: string[],
    readonly kind: Unreachable = "failed",
  ) {
    super(address.text, problem);
    this.message = [problem, ...next].join("; ");
  }
}

/** How the ssh process of a connection ended before the daemon was reached. */
export interface SshEnd {
  /** The exit code of ssh, which is that of the remote command; null: a signal ended it. */
  code: number | null;
  stderr: string;
  /** Whether the person has seen stderr. */
  isShown: boolean;
}

/** ssh itself failed. */
const SSH_FAILED = 255;
const NOT_FOUND = [126, 127];
/** Commander's exit code for a command that it does not know is that of wrong usage. */
const USAGE = 2;

/** Errors that another try does not repair. An unknown host name is not one: the network may come up later. */
const REFUSED =
  /permission denied|host key verification failed|host identification has changed|too many authentication failures|bad configuration option/i;

export function endedEarly(address: SshAddress, { code, stderr, isShown }: SshEnd): UnreachableHostError {
  const { hostName: name } = address;
  const output = stderr.trim();
  const withStderr = (problem: string) => (output === "" || isShown ? problem : `${output}\n${problem}`);
  const tryIt = `try: ${onHost(address, ["true"])}`;
  if (code !== null && NOT_FOUND.includes(code))
    return new UnreachableHostError(
      address,
      withStderr(`liveops was not found on ${name}`),
      [
        `install it there, or give its path on ${name}: LIVEOPS_REMOTE_COMMAND=/path/to/liveops`,
        `a shell without a login may have another PATH: ${onHost(address, ["command -v liveops"])}`,
      ],
      "refused",
    );
  if (code === SSH_FAILED)
    return new UnreachableHostError(
      address,
      withStderr(`ssh did not reach ${name}`),
      [tryIt],
      REFUSED.test(output) ? "refused" : "failed",
    );
  if (code === USAGE)
    return new UnreachableHostError(
      address,
      withStderr(`the liveops on ${name} has no dial-stdio`),
      [`install this version there; see: ${onHost(address, ["liveops", "--version"])}`],
      "refused",
    );
  const how = code === null ? "ssh was ended by a signal" : `exit code ${code}`;
  return new UnreachableHostError(address, withStderr(`the connection to ${name} ended at once (${how})`), [
    tryIt,
  ]);
}

/** The remote side reached no daemon. */
export function refusedThere(
  address: SshAddress,
  { code, lines }: NonNullable<Hello["error"]>,
): UnreachableHostError {
  const [problem = "", ...next] = lines;
  if (code !== EXIT.noDaemon)
    return new UnreachableHostError(address, `${address.hostName}: ${problem}`, next, "refused");
  // The first line names the socket and the reason: `no daemon answers on /run/… (ENOENT)`.
  const where = problem.replace(/^no daemon answers on /, "");
  return new UnreachableHostError(
    address,
    `no daemon answers on ${address.hostName}: ${where}`,
    [`start it with: ${startOnHost(address)}`],
    "no-daemon",
  );
}

export function tooSlow(address: SshAddress, seconds: number): UnreachableHostError {
  const next = [`try: ${onHost(address, ["true"])}`];
  return new UnreachableHostError(
    address,
    `${address.hostName} has not answered for ${seconds} s`,
    next,
    "silent",
  );
}

export function noSsh(address: SshAddress, { message }: Error): UnreachableHostError {
  return new UnreachableHostError(
    address,
    `ssh cannot be run here: ${message}`,
    ["install OpenSSH, or name another program in LIVEOPS_SSH_COMMAND"],
    "refused",
  );
}

/** The remote side prints something else than liveops does. */
export function unreadable(address: SshAddress, { message }: Error): UnreachableHostError {
  return new UnreachableHostError(
    address,
    `the answer of ${address.hostName} cannot be read: ${message}`,
    [`see what it prints: ${onHost(address, ["liveops", "dial-stdio"])}`],
    "refused",
  );
}
