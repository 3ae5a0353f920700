/** Who makes a request, as the client claims: the socket admits the owner of the daemon and root only. */
import type { FastifyRequest } from "fastify";
import { CLIENT_HEADER, parseClientHeader, userName } from "../../protocol/client/client-header.js";

/** The name of the user, with `@host` where the client is on another machine. Without a claim: the owner of the daemon. */
export function personOf({ headers }: Pick<FastifyRequest, "headers">): string {
  const header = headers[CLIENT_HEADER];
  const client = typeof header === "string" ? parseClientHeader(header) : null;
  if (client?.user === undefined) return userName();
  return client.host === undefined ? client.user : `${client.user}@${client.host}`;
}
