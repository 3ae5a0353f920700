/** Who makes a request, as the client claims: the socket admits the owner of the daemon and root only. */
import type { FastifyRequest } from "fastify";
import { CLIENT_HEADER, personIn, userName } from "../../protocol/client/client-header.js";

/** The name of the user, with `@host` where the client is on another machine. Without a claim: the owner of the daemon. */
export function personOf({ headers }: Pick<FastifyRequest, "headers">): string {
  const header = headers[CLIENT_HEADER];
  return (typeof header === "string" ? personIn(header) : null) ?? userName();
}
