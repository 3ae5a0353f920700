/**
 * `openapi.json`: a complete OpenAPI 3.1 document of all routes, with valid schemas and references.
 */
import { expect, test } from "vitest";
import { REFUSALS } from "../../protocol/errors.js";
import { type Content, ROUTES, type Route, refusalsOf } from "../../protocol/routes.js";
import { VERSION } from "../../protocol/version.js";
import { document, type PublishedOperation, validatorOf } from "../harness/published.js";

const routes = Object.entries(ROUTES) as Array<[string, Route]>;
const published = (route: Route): PublishedOperation =>
  document.paths[route.path.replace(/:(\w+)/g, "{$1}")]![route.method.toLowerCase()]!;

test("says what it is, and that nobody has to log in", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info).toMatchObject({ title: "liveops", version: VERSION });
  expect(document.security).toEqual([]);
});

test("holds every route and no other", () => {
  const there = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
  );
  const wanted = routes.map(
    ([name, { method, path }]) =>
      `${name}: ${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`,
  );
  expect(there.sort()).toEqual(wanted.sort());
});

test.each(routes)(
  "%s: parameters, body, replies and errors are those of the route table",
  (_name, route) => {
    const operation = published(route);
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    const of = (where: string) =>
      operation.parameters.filter((parameter) => parameter.in === where);
    expect(of("path").map(({ name, required }) => ({ name, required }))).toEqual(
      inPath.map((name) => ({ name, required: true })),
    );
    expect(
      of("query")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(route.query?.shape ?? {}).sort());
    for (const parameter of of("query")) expect(parameter.required).toBe(false);
    expect(operation.requestBody !== undefined).toBe(route.body !== undefined);
    for (const [status, content] of Object.entries<Content>(route.replies))
      expect(Object.keys(operation.responses[status]!.content)).toEqual(Object.keys(content));
    for (const code of refusalsOf(route)) {
      const response = operation.responses[REFUSALS[code].status]!;
      expect(response.description).toContain(`${code}: ${REFUSALS[code].summary}`);
      expect(Object.keys(response.content)).toEqual(["application/problem+json"]);
    }
    expect(operation.responses).toHaveProperty("default");
  },
);

test("names a type for each thing that a client meets", () => {
  const things = ["Operation", "Event", "LogLine", "Problem"];
  const lines = ["Snapshot", "Changed", "Chained", "Removed", "Ping", "End"];
  const names = [
    ...things,
    ...lines.map((name) => `${name}Line`),
    "LogLines",
    "WatchLine",
    "EventLine",
  ];
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(names));
  const line = (name: keyof typeof ROUTES) =>
    published(ROUTES[name]).responses["200"]!.content["application/x-ndjson"]!.schema;
  expect(line("watch")).toEqual({ $ref: "#/components/schemas/WatchLine" });
  expect(line("events")).toEqual({ $ref: "#/components/schemas/EventLine" });
});

test("a repeated submit and the log as text are there", () => {
  const submit = published(ROUTES.submit).responses;
  expect(submit["200"]!.content).toEqual(submit["201"]!.content);
  expect(published(ROUTES.log).responses["200"]!.content["text/plain"]!.schema).toMatchObject({
    type: "string",
  });
});

function schemas(): Array<[string, object]> {
  const all: Array<[string, object]> = Object.entries(document.components.schemas);
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods)) {
      const { operationId, parameters, requestBody, responses } = operation;
      for (const { name, schema } of parameters) all.push([`${operationId} ${name}`, schema]);
      for (const { schema } of Object.values(requestBody?.content ?? {}))
        all.push([`${operationId} body`, schema]);
      for (const [status, { content }] of Object.entries(responses))
        for (const { schema } of Object.values(content))
          all.push([`${operationId} ${status}`, schema]);
    }
  }
  return all;
}

test.each(schemas())(
  "the schema of %s is a valid JSON Schema, its references resolve",
  (_name, schema) => {
    expect(() => validatorOf(schema)).not.toThrow();
  },
);

test("the codes of problems are the catalogue's", () => {
  const { properties } = document.components.schemas.Problem as {
    properties: { code: { enum: string[] } };
  };
  expect(properties.code.enum).toEqual(Object.keys(REFUSALS));
});
