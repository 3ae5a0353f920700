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
