/** Why a host could not be reached over ssh, as an error with the next command. */

import { UnreachableError } from "../../client/errors.js";
import { EXIT } from "../../exit-codes.js";
import { onHost, type SshAddress, startOnHost } from "./address.js";
import type { Hello } from "./hello.js";

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

/**
 * Errors that another try does not repair. An unknown host name is not one: the network may come up
 * later.
 */
const REFUSED =
  /permission denied|host key verification failed|host identification has changed|too many authentication failures|bad configuration option/i;

export function endedEarly(
  address: SshAddress,
  { code, stderr, isShown }: SshEnd,
): UnreachableError {
  const { hostName: name } = address;
  const output = stderr.trim();
  const withStderr = (problem: string) =>
    output === "" || isShown ? problem : `${output}\n${problem}`;
  const tryIt = `try: ${onHost(address, ["true"])}`;
  if (code !== null && NOT_FOUND.includes(code))
    return new UnreachableError(
      address.text,
      withStderr(`liveops was not found on ${name}`),
      [
        `install it there, or give its path on ${name}: LIVEOPS_REMOTE_COMMAND=/path/to/liveops`,
        `a shell without a login may have another PATH: ${onHost(address, ["command -v liveops"])}`,
      ],
      "refused",
    );
  if (code === SSH_FAILED)
    return new UnreachableError(
      address.text,
      withStderr(`ssh did not reach ${name}`),
      [tryIt],
      REFUSED.test(output) ? "refused" : "failed",
    );
  if (code === USAGE)
    return new UnreachableError(
      address.text,
      withStderr(`the liveops on ${name} has no dial-stdio`),
      [`install this version there; see: ${onHost(address, ["liveops", "--version"])}`],
      "refused",
    );
  const how = code === null ? "ssh was ended by a signal" : `exit code ${code}`;
  return new UnreachableError(
    address.text,
    withStderr(`the connection to ${name} ended at once (${how})`),
    [tryIt],
  );
}

/** The remote side reached no daemon. */
export function refusedThere(
  address: SshAddress,
  { code, lines }: NonNullable<Hello["error"]>,
): UnreachableError {
  const [problem = "", ...next] = lines;
  if (code !== EXIT.noDaemon)
    return new UnreachableError(address.text, `${address.hostName}: ${problem}`, next, "refused");
  // The first line names the socket and the reason: `no daemon answers on /run/… (ENOENT)`.
  const where = problem.replace(/^no daemon answers on /, "");
  return new UnreachableError(
    address.text,
    `no daemon answers on ${address.hostName}: ${where}`,
    [`start it with: ${startOnHost(address)}`],
    "no-daemon",
  );
}

export function tooSlow(address: SshAddress, seconds: number): UnreachableError {
  const next = [`try: ${onHost(address, ["true"])}`];
  return new UnreachableError(
    address.text,
    `${address.hostName} has not answered for ${seconds} s`,
    next,
    "silent",
  );
}

export function noSsh(address: SshAddress, { message }: Error): UnreachableError {
  return new UnreachableError(
    address.text,
    `ssh cannot be run here: ${message}`,
    ["install OpenSSH, or name another program in LIVEOPS_SSH_COMMAND"],
    "refused",
  );
}

/** The remote side prints something else than liveops does. */
export function unreadable(address: SshAddress, { message }: Error): UnreachableError {
  return new UnreachableError(
    address.text,
    `the answer of ${address.hostName} cannot be read: ${message}`,
    [`see what it prints: ${onHost(address, ["liveops", "dial-stdio"])}`],
    "refused",
  );
}
