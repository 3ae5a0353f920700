/** Turns a route of the table into a fastify route: method, path, schemas and hooks. */
import type { preValidationHookHandler, RouteOptions } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type * as z from "zod/mini";
import type { RouteName } from "../../protocol/paths.js";
import { type Content, ROUTES, type Route } from "../../protocol/routes.js";
import type { ConfigFile } from "../admin/config-file.js";
import type { Parts } from "../compose.js";
import type { Connections } from "./connections.js";
import { limitBody } from "./request-body.js";

/** The daemon's parts, and the run that a request may stop. */
export interface Context extends Parts {
  config: Pick<ConfigFile, "state">;
  /** The socket on which the daemon answers; `problem`: why not on its own. */
  address: { readonly path: string; readonly problem: string | null };
  stop(): void;
}

/** What each file of `routes/` exports: a fastify plugin, registered by `server.ts`. */
export type RoutePlugin = FastifyPluginCallbackZod<{ context: Context; connections: Connections }>;

/**
 * What a handler may return, by status. The compiler checks JSON against its schema; a stream
 * returns the reply.
 */
type Responses<Replies> = {
  [Status in keyof Replies]: "application/x-ndjson" extends keyof Replies[Status]
    ? z.ZodMiniUnknown
    : Replies[Status][keyof Replies[Status]];
};

interface Definition<R extends Route> extends Pick<RouteOptions, "method" | "url"> {
  preValidation: preValidationHookHandler[];
  schema: {
    params: R["params"];
    querystring: R["query"];
    body: R["body"];
    response: Responses<R["replies"]>;
  };
}

/** An empty parameter such as `?state=` counts as absent. */
const dropEmptyParameters: preValidationHookHandler = (request, _reply, done) => {
  const query = request.query as Record<string, unknown>;
  for (const name of Object.keys(query)) if (query[name] === "") delete query[name];
  done();
};

export function definition<N extends RouteName>(name: N): Definition<(typeof ROUTES)[N]> {
  const route: Route = ROUTES[name];
  const { method, path, params, query, body, replies } = route;
  const response: Record<string, z.ZodMiniType> = {};
  for (const [status, content] of Object.entries<Content>(replies)) {
    const schema = content["application/json"];
    if (schema) response[status] = schema;
  }
  const schema = {
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
  };
  return {
    method,
    url: path,
    schema: { ...schema, response },
    preValidation: [...(query ? [dropEmptyParameters] : []), ...(body ? [limitBody] : [])],
  } as unknown as Definition<(typeof ROUTES)[N]>;
}
