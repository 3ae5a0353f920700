/**
 * Who makes a request, as the client claims: the socket admits the owner of the daemon and root
 * only.
 */
import type { FastifyRequest } from "fastify";
import { CLIENT_HEADER, personIn, userName } from "../../protocol/client/client-header.js";
import { WITHIN_HEADER, withinOf } from "../../protocol/client/within-header.js";
import { Refusal } from "../../protocol/errors.js";
import type { Parts } from "../compose.js";

type Request = Pick<FastifyRequest, "headers">;

/**
 * The name of the user, with `@host` where the client is on another machine. Without a claim: the
 * owner of the daemon.
 */
export function personOf({ headers }: Request): string {
  const header = headers[CLIENT_HEADER];
  return (typeof header === "string" ? personIn(header) : null) ?? userName();
}

/**
 * The session of the operation inside of which the client runs; null: it runs inside of none, or a
 * person submitted it.
 */
export async function sessionOf(
  { store }: Parts,
  { headers }: Request,
): Promise<{ session: string } | null> {
  const within = withinOf(headers[WITHIN_HEADER]);
  const session = within && (await store.archive.find(within.id))?.record.session;
  return session == null ? null : { session };
}

/**
 * @throws Refusal for a command inside of an operation of an agent, which may not decide for a
 * person
 */
export async function checkPerson(parts: Parts, request: Request, command: string): Promise<void> {
  const agent = await sessionOf(parts, request);
  if (agent === null) return;
  const who = JSON.stringify(agent.session);
  throw new Refusal(
    "LIVEOPS_WRONG_STATE",
    `a person decides this, and the command runs in an operation of the session ${who}; ask your user to run in a terminal: ${command}`,
  );
}
