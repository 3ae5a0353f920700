/**
 * `openapi.json` of the package: OpenAPI 3.1, made from the schemas and descriptions of the route
 * table.
 */
import * as z from "zod/mini";
import { REFUSALS, type RefusalCode } from "../../protocol/errors.js";
import { PATHS, type RouteName } from "../../protocol/paths.js";
import { type Content, ROUTES, type Route, refusalsOf, TAGS } from "../../protocol/routes.js";
import { VERSION, VERSION_HEADER } from "../../protocol/version.js";
import { COMPONENTS } from "./openapi-components.js";

type Json = Record<string, unknown>;

/** In the order of the paths. */
const ROUTE_LIST = (Object.keys(PATHS) as RouteName[]).map((name): [string, Route] => [
  name,
  ROUTES[name],
]);

export function openapi(): Json {
  const schemas = jsonSchemas();
  const paths: Record<string, Json> = {};
  for (const [name, route] of ROUTE_LIST) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(name, route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "liveops",
      version: VERSION,
      description:
        "HTTP/1.1 over the Unix socket of the daemon. A body is JSON whatever its Content-Type; an empty body is {}. " +
        "A path that does not accept the method is 405 with Allow; an unknown path is 404. Both are a Problem.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      {
        url: "http://liveops",
        description: "The Unix socket; the name of the host does not matter",
      },
    ],
    security: [],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.keys(COMPONENTS).map((name) => [name, schemas[name]!])),
      headers: {
        Version: {
          description: "version of the daemon",
          required: true,
          schema: { type: "string" },
        },
      },
    },
  };
}

function operation(name: string, route: Route, schemas: Record<string, Json>): Json {
  const { tag, summary, description, params, query, headers = {}, body, replies } = route;
  return {
    operationId: name,
    tags: [tag],
    summary,
    description,
    parameters: [
      ...(params ? parameters(schemas[`${name} params`]!, "path") : []),
      ...(query ? parameters(schemas[`${name} query`]!, "query") : []),
      ...Object.entries(headers)
        // OpenAPI describes Accept by the media types of the replies.
        .filter(([header]) => header !== "Accept")
        .map(([header, text]) => ({
          name: header,
          in: "header",
          description: text,
          schema: { type: "string", minLength: 1, maxLength: 255 },
        })),
    ],
    ...(body && {
      requestBody: {
        // An empty body is taken as {}.
        required: name === "submit",
        content: { "application/json": { schema: schemas[`${name} body`] } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries<Content>(replies).map(([status, content]) => [
          status,
          response(
            describeReply(name, Number(status)),
            Object.keys(content).map((type) => [type, schemas[`${name} ${status} ${type}`]!]),
          ),
        ]),
      ),
      ...errors(refusalsOf(route)),
      default: response("An error that is not listed here", [PROBLEM]),
    },
  };
}

function response(
  description: string,
  content: Array<readonly [type: string, schema: Json]>,
): Json {
  return {
    description,
    headers: { [HEADER]: { $ref: "#/components/headers/Version" } },
    content: Object.fromEntries(content.map(([type, schema]) => [type, { schema }])),
  };
}

const HEADER = VERSION_HEADER.replace(/^l/, "L").replace("-v", "-V");

const PROBLEM = ["application/problem+json", { $ref: "#/components/schemas/Problem" }] as const;

function describeReply(name: string, status: number): string {
  if (name !== "submit") return "Done";
  return status === 201
    ? "Recorded: the operation, or an array of operations in the order of the request"
    : "Repeated: the same Idempotency-Key and body were submitted before; the operations recorded then";
}

/** One response for each status. Its description lists the codes. */
function errors(codes: RefusalCode[]): Json {
  const byStatus = Object.groupBy(codes, (code) => REFUSALS[code].status);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, some]) => [
      status,
      response(some.map((code) => `${code}: ${REFUSALS[code].summary}`).join(". "), [PROBLEM]),
    ]),
  );
}

function parameters({ properties, required }: Json, where: "path" | "query"): Json[] {
  return Object.entries(properties as Record<string, Json>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: where,
      ...(description !== undefined && { description }),
      required: where === "path" || ((required ?? []) as string[]).includes(name),
      // A list is separated by commas.
      ...(schema.type === "array" && { style: "form", explode: false }),
      schema,
    }),
  );
}

/**
 * The JSON Schemas of the components, by name, and of the parts of a route, by the route's name and
 * the part. A schema that contains a component refers to that component.
 *
 * Replies are described as inputs too: a client must ignore keys that it does not know.
 */
function jsonSchemas(): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  const add = (id: string, schema: z.ZodMiniType | undefined) => {
    if (schema && !registry.has(schema)) registry.add(schema, { id });
    else if (schema) aliases.set(id, registry.get(schema)!.id);
  };
  const aliases = new Map<string, string>();
  for (const [name, schema] of Object.entries(COMPONENTS)) add(name, schema);
  for (const [name, route] of ROUTE_LIST) {
    add(`${name} params`, route.params);
    add(`${name} query`, route.query);
    add(`${name} body`, route.body);
    for (const [status, content] of Object.entries<Content>(route.replies))
      for (const [type, schema] of Object.entries(content))
        add(`${name} ${status} ${type}`, schema);
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    unrepresentable: "any",
    uri: reference,
  });
  const byName: Record<string, Json> = {};
  for (const [id, { $id: _, $schema: __, ...schema }] of Object.entries(schemas))
    byName[id] = schema;
  for (const [id, original] of aliases)
    byName[id] = original in COMPONENTS ? { $ref: reference(original) } : byName[original]!;
  return byName;
}

function reference(name: string): string {
  return `#/components/schemas/${name}`;
}
