/** Binds a handler to a route of the table: input validated by its schemas, errors left to the one error handler. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod/mini";
import { Refusal } from "../../protocol/errors.js";
import { PATHS, type RouteName } from "../../protocol/paths.js";
import type { ROUTES, Route } from "../../protocol/routes.js";
import { type Answer, audited, isAudited } from "./audited.js";
import { type Input, readInput } from "./input.js";

type Output<S> = S extends z.ZodMiniType ? z.output<S> : undefined;

interface InputOf<R extends Route> {
  params: Output<R["params"]>;
  query: Output<R["query"]>;
  body: Output<R["body"]>;
}

export interface Call<N extends RouteName> extends InputOf<(typeof ROUTES)[N]> {
  request: FastifyRequest;
  reply: FastifyReply;
}

const NOTHING: Input = { params: undefined, query: undefined, body: undefined };

export function bind<N extends RouteName>(
  app: FastifyInstance,
  name: N,
  handler: (call: Call<N>) => unknown,
): void {
  const { method, path, status, takes } = PATHS[name];
  const answer: Answer = async (request, reply) => {
    const input = takes ? readInput(name, request) : NOTHING;
    if (typeof input === "string")
      throw new Refusal("LIVEOPS_BAD_REQUEST", `${input}; GET /openapi.json describes every route`);
    reply.code(status);
    return handler({ ...(input as InputOf<(typeof ROUTES)[N]>), request, reply });
  };
  app.route({ method, url: path, handler: isAudited(name) ? audited(app.audit, name, answer) : answer });
}
