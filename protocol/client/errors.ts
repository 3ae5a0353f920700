/** What can go wrong between a client and the daemon, short of a refusal. */

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

/** The daemon went away in the middle of a reply or a stream. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

/** The daemon took the connection and did not answer in time: it is stopped, hangs or is overloaded. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";

  /**
   * @param ms how long it was silent
   * @param mayHappen the request changes something, and may be carried out when the daemon continues
   */
  constructor(
    readonly socket: string,
    readonly ms: number,
    readonly mayHappen = false,
  ) {
    const later = mayHappen ? "; the request may still be carried out, check with: liveops ls" : "";
    super(`the daemon on ${socket} has not answered for ${ms / 1000} s${later}`);
  }
}
