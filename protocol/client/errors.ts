/** Errors of the connection between a client and the daemon. */

/** Nothing answers on the socket. */
export class NoDaemonError extends Error {
  override name = "NoDaemonError";
  constructor(
    readonly socket: string,
    readonly reason: string,
  ) {
    super(`no daemon answers on ${socket} (${reason})`);
  }
}

/** The connection broke during a reply or a stream. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

/** The daemon runs and did not reply in time: it is stopped, hangs or is overloaded. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";

  /**
   * @param ms time without a reply
   * @param mayHappen the request changes state, and the daemon may still execute it later
   */
  constructor(
    readonly socket: string,
    readonly ms: number,
    readonly mayHappen = false,
  ) {
    const later = mayHappen ? "; the daemon may still execute the request; check with: liveops ls" : "";
    super(`the daemon on ${socket} has not answered for ${ms / 1000} s${later}`);
  }
}
