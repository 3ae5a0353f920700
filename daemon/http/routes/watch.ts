/** `GET /v1/watch`: state as it changes. */
import type { FastifyInstance } from "fastify";
import type { Context } from "../../context.js";
import type { Connections } from "../connections.js";
import { bind } from "../route.js";
import { openStream } from "../stream.js";

export function watchRoute(app: FastifyInstance, context: Context, connections: Connections): void {
  bind(app, "watch", ({ query, reply }) => {
    const { operation, follow, log, logAfter, since, state, op, limit } = query;
    const scope = {
      operation: operation === undefined ? null : context.find(operation).record.id,
      followChain: follow === "chain",
      state: state ?? null,
      op: op ?? null,
      limit,
      log,
    };
    context.hub.attach(scope, openStream(reply, connections, true), logAfter, since);
    return reply;
  });
}
