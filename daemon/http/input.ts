/** Reads what a request brings by its route's schemas. */
import type { FastifyRequest } from "fastify";
import type * as z from "zod/mini";
import type { RouteName } from "../../protocol/paths.js";
import { ROUTES, type Route } from "../../protocol/routes.js";
import { inputProblem, type Where } from "./input-problem.js";

export interface Input {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** What it brings, or what is wrong with it in words. */
export function readInput(name: RouteName, request: FastifyRequest): Input | string {
  const route: Route = ROUTES[name];
  const { body = {} } = request;
  const read: Input = { params: undefined, query: undefined, body: undefined };
  return (
    take(read, "params", route.params, request.params, "path") ??
    take(read, "query", route.query, given(request.query), "query") ??
    take(read, "body", route.body, body, "body") ??
    read
  );
}

/** `?state=` is as good as not given. */
function given(query: unknown): object {
  return Object.fromEntries(Object.entries(query as object).filter(([, value]) => value !== ""));
}

/** Puts it into its place, or says what is wrong with it. */
function take(
  read: Input,
  place: keyof Input,
  schema: z.ZodMiniType | undefined,
  value: unknown,
  where: Where,
): string | null {
  if (!schema) return null;
  const parsed = schema.safeParse(value);
  if (!parsed.success) return inputProblem(schema, value, where);
  read[place] = parsed.data;
  return null;
}
