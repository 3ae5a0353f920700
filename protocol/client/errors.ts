/** Errors of the connection between a client and the daemon. */
import { type ClientErrorCode, LiveopsError } from "../errors.js";

const NO_DAEMON: ClientErrorCode = "LIVEOPS_NO_DAEMON";
const NO_ANSWER: ClientErrorCode = "LIVEOPS_NO_ANSWER";
const LOST: ClientErrorCode = "LIVEOPS_CONNECTION_LOST";

/** Nothing answers on the socket. */
export class NoDaemonError extends LiveopsError {
  static override kind = "NoDaemonError";

  /** What failed, without the next command. */
  readonly problem: string;

  /**
   * @param reason the code of the system, such as `ENOENT`
   * @param startCommand the command that starts the daemon of this client
   */
  constructor(
    readonly socket: string,
    readonly reason: string,
    startCommand = "liveops start",
  ) {
    const problem = `no daemon answers on ${socket} (${reason})`;
    super(NO_DAEMON, `${problem}; start it with: ${startCommand}`);
    this.problem = problem;
  }
}

export type Unreachable =
  /** The machine was reached, and no daemon answers there. */
  | "no-daemon"
  /** The machine did not answer. */
  | "silent"
  /** Another try fails too, until a person changes something. */
  | "refused"
  | "failed";

/** No daemon was reached on another machine; nothing was sent. */
export class UnreachableError extends NoDaemonError {
  static override kind = "UnreachableError";

  /** Whether this process has reached the daemon before, so that it may come back. */
  wasReached = false;

  /**
   * @param address - in its one form
   * @param next - lines with the next commands
   */
  constructor(
    address: string,
    override readonly problem: string,
    readonly next: string[],
    readonly kind: Unreachable = "failed",
  ) {
    super(address, problem);
    this.message = [problem, ...next].join("; ");
  }
}

/** The connection broke during a reply or a stream. */
export class ConnectionLostError extends LiveopsError {
  static override kind = "ConnectionLostError";

  constructor(message: string) {
    super(LOST, message);
  }
}

/** The daemon runs and did not reply in time: it is stopped, hangs or is overloaded. */
export class NoAnswerError extends LiveopsError {
  static override kind = "NoAnswerError";

  /**
   * @param ms time without a reply
   * @param mayHappen the request changes state, and the daemon may still execute it later
   */
  constructor(
    readonly socket: string,
    readonly ms: number,
    readonly mayHappen = false,
  ) {
    const later = mayHappen
      ? "; the daemon may still execute the request; check with: liveops ls"
      : "";
    super(NO_ANSWER, `the daemon on ${socket} has not answered for ${ms / 1000} s${later}`);
  }
}
