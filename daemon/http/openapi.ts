/** `GET /openapi.json`: OpenAPI 3.1, made from the route table's schemas. */
import * as z from "zod/mini";
import { REFUSALS } from "../../protocol/errors.js";
import { ROUTES, type Route } from "../../protocol/routes.js";
import { VERSION } from "../../protocol/version.js";

let made: object | undefined;

export function openapi(): object {
  made ??= build();
  return made;
}

function build(): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES) as Array<[string, Route]>) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(name, route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "liveops", version: VERSION, description: "HTTP/1.1 over the daemon's Unix socket." },
    paths,
    components: { schemas: { Problem: PROBLEM } },
  };
}

function operation(name: string, route: Route): object {
  return {
    operationId: name,
    summary: route.summary,
    parameters: [
      ...parameters(route.params, "path"),
      ...parameters(route.query, "query"),
      ...(name === "submit" ? [{ name: "Idempotency-Key", in: "header", schema: { type: "string" } }] : []),
    ],
    ...(route.body && {
      requestBody: { content: { "application/json": { schema: schemaOf(route.body, "input") } } },
    }),
    responses: {
      [route.status]: {
        description: "done",
        content: route.reply
          ? { "application/json": { schema: schemaOf(route.reply, "output") } }
          : { "application/x-ndjson": { schema: { type: "object", description: "one JSON object a line" } } },
      },
      default: {
        description: "refused",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function parameters(schema: z.ZodMiniObject | undefined, where: "path" | "query"): object[] {
  if (!schema) return [];
  const { properties = {} } = schemaOf(schema, "input");
  return Object.entries(properties as Record<string, object>).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path",
    schema: property,
  }));
}

function schemaOf(schema: z.ZodMiniType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const PROBLEM = {
  type: "object",
  description: "RFC 9457 problem details",
  required: ["type", "title", "status", "code", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(REFUSALS) },
    detail: { type: "string" },
    nearest: { type: "array", items: { type: "string" } },
    candidates: { type: "array", items: { type: "string" } },
  },
};
