/** `GET /openapi.json`: a whole OpenAPI 3.1 document of every route, its schemas valid and its references there. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { openapi } from "../../../daemon/http/openapi.js";
import { REFUSALS } from "../../../protocol/errors.js";
import { ROUTES, type Route } from "../../../protocol/routes.js";
import { VERSION } from "../../../protocol/version.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}
interface Operation {
  operationId: string;
  summary: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const document = JSON.parse(JSON.stringify(openapi())) as Document;
const routes = Object.entries(ROUTES) as Array<[string, Route]>;
const operationOf = (route: Route) =>
  document.paths[route.path.replace(/:(\w+)/g, "{$1}")]?.[route.method.toLowerCase()];
const directory = useDirectories();

test("is served", async () => {
  const served = await Served.start(directory());
  const reply = await served.inject({ method: "GET", url: "/openapi.json" });
  expect(reply.headers["content-type"]).toMatch(/^application\/json/);
  expect(reply.json()).toEqual(document);
  await served.close();
});

test("says what it is", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info).toMatchObject({ title: "liveops", version: VERSION });
});

test("holds every route and no other", () => {
  const there = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
  );
  const wanted = routes.map(
    ([name, { method, path }]) => `${name}: ${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`,
  );
  expect(there.sort()).toEqual(wanted.sort());
});

test.each(routes)("%s: parameters, body and replies are those of the route table", (_name, route) => {
  const operation = operationOf(route)!;
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const of = (where: string) => operation.parameters.filter((parameter) => parameter.in === where);
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
  expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining([String(route.status), "default"]));
  const type = route.reply ? "application/json" : "application/x-ndjson";
  expect(Object.keys(operation.responses[route.status]!.content)).toEqual([type]);
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
        for (const { schema } of Object.values(content)) all.push([`${operationId} ${status}`, schema]);
    }
  }
  return all;
}

test.each(schemas())("the schema of %s is a valid JSON Schema, its references resolve", (_name, schema) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  // References are to the document's own components.
  const root = { $id: "https://liveops/openapi", $defs: document.components.schemas };
  ajv.addSchema(root);
  const text = JSON.stringify(schema).replaceAll("#/components/schemas/", "https://liveops/openapi#/$defs/");
  expect(() => ajv.compile(JSON.parse(text))).not.toThrow();
});

test("the codes of problems are the catalogue's", () => {
  const { properties } = document.components.schemas.Problem as { properties: { code: { enum: string[] } } };
  expect(properties.code.enum).toEqual(Object.keys(REFUSALS));
});

test("a real reply fits its schema", async () => {
  const served = await Served.start(directory());
  await served.finished("succeeded");
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const name of ["list", "types", "daemon"] as const) {
    const route: Route = ROUTES[name];
    const { schema } = operationOf(route)!.responses["200"]!.content["application/json"]!;
    const reply = await served.inject({ method: "GET", url: route.path });
    expect(ajv.validate(schema, reply.json()), ajv.errorsText()).toBe(true);
  }
  await served.close();
});
