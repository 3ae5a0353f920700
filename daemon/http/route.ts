/** Binds a handler to a route of the table: input validated by its schemas, errors left to the one error handler. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { Refusal } from "../../protocol/errors.js";
import type { Route } from "../../protocol/routes.js";
import { inputProblem, type Where } from "./input-problem.js";

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface Call<R extends Route> {
  params: Output<R["params"]>;
  query: Output<R["query"]>;
  body: Output<R["body"]>;
  request: FastifyRequest;
  reply: FastifyReply;
}

export function bind<R extends Route>(
  app: FastifyInstance,
  route: R,
  handler: (call: Call<R>) => unknown,
): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const call = {
        params: check(route.params, request.params, "path"),
        query: check(route.query, given(request.query), "query"),
        body: check(route.body, request.body === undefined ? {} : request.body, "body"),
        request,
        reply,
      } as Call<R>;
      reply.code(route.status);
      return handler(call);
    },
  });
}

/** `?state=` is as good as not given. */
function given(query: unknown): object {
  return Object.fromEntries(Object.entries(query as object).filter(([, value]) => value !== ""));
}

function check(schema: z.ZodType | undefined, value: unknown, where: Where): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = inputProblem(schema, value, where);
  throw new Refusal("LIVEOPS_BAD_REQUEST", `${problem}; GET /openapi.json describes every route`);
}
