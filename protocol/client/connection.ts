/** How node:http reaches the daemon: a Unix socket for each request, or a connection over ssh that is kept. */
import type { RequestOptions } from "node:http";
import { isRemote } from "../remote/address.js";
import { remoteHost } from "../remote/host.js";

/** @param socket - a path, or the address of a remote host */
export function connectionTo(socket: string): RequestOptions {
  return isRemote(socket) ? { agent: remoteHost(socket).agent } : { socketPath: socket, agent: false };
}
