/** How node:http reaches the daemon: a Unix socket for each request, or a connection over ssh that is kept. */
import type { RequestOptions } from "node:http";
import { isRemote } from "../features/ssh/address.js";
import { remoteHost } from "../features/ssh/host.js";

/**
 * @param socket - a path, or the address of a remote host
 * @param isStream - the reply may last
 */
export function connectionTo(socket: string, isStream = false): RequestOptions {
  // Without an agent, which parses the host name first: 4 ms of CPU in each process.
  if (!isRemote(socket))
    return { createConnection: () => process.getBuiltinModule("node:net").connect(socket) };
  const { streams, requests } = remoteHost(socket);
  return { agent: isStream ? streams : requests };
}
