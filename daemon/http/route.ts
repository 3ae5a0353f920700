/** Binds a handler to a route of the table: input validated by its schemas, errors left to the one error handler. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Refusal } from "../../protocol/errors.js";
import type { Route } from "../../protocol/routes.js";

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
        query: check(route.query, request.query, "query"),
        body: check(route.body, request.body ?? {}, "body"),
        request,
        reply,
      } as Call<R>;
      reply.code(route.status);
      return handler(call);
    },
  });
}

function check(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (!schema) return undefined;
  const parsed = formOf(schema, value).safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${[where, ...issue.path].join(".")}: ${issue.message}`);
  throw new Refusal("LIVEOPS_BAD_REQUEST", `${issues.join("; ")}; GET /openapi.json describes every route`);
}

/** Of a body that may be one thing or an array of them, the one that it is: its problems are then those of that form. */
function formOf(schema: z.ZodType, value: unknown): z.ZodType {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const forms = schema.options as z.ZodType[];
  return forms.find((form) => form instanceof z.ZodArray === Array.isArray(value)) ?? schema;
}
