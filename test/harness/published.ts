/** Checks replies against `openapi.json`: status, media type, headers, code and schema. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { openapi } from "../../scripts/reference/openapi.js";

interface Response {
  description: string;
  content: Record<string, { schema: object }>;
}

export interface PublishedOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  parameters: Array<{ name: string; in: string; required?: boolean; schema: object }>;
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, Response>;
}

export interface Document {
  openapi: string;
  info: { title: string; version: string };
  security: object[];
  paths: Record<string, Record<string, PublishedOperation>>;
  components: { schemas: Record<string, object> };
}

/** The document as a client receives it. */
export const document = JSON.parse(JSON.stringify(openapi())) as Document;

const ROOT = "https://liveops/openapi.json";
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(closed({ $id: ROOT, components: document.components }) as object);

/** Compiled schemas, cached because compilation is slow. */
const validators = new Map<string, ValidateFunction>();

/**
 * A schema of the document, with its references resolved. Refuses keys that the schema does not
 * name.
 */
export function validatorOf(schema: object): ValidateFunction {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/', `"${ROOT}#/`);
  let validate = validators.get(text);
  if (!validate) {
    validate = ajv.compile(JSON.parse(text));
    validators.set(text, validate);
  }
  return validate;
}

export function expectValid(schema: object, value: unknown): void {
  const validate = validatorOf(schema);
  expect(
    validate(value),
    `${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)?.slice(0, 500)}`,
  ).toBe(true);
}

export interface Reply {
  status: number;
  /** The `Content-Type`. */
  type: string;
  body: string;
}

/** @throws where the document does not publish this reply for the request */
export function expectPublished(method: string, url: string, { status, type, body }: Reply): void {
  const operation = operationOf(method, url);
  const mediaType = type.split(";")[0]!;
  if (!operation) {
    expect([404, 405]).toContain(status);
    expectValid({ $ref: "#/components/schemas/Problem" }, JSON.parse(body));
    return;
  }
  const response = operation.responses[status];
  const what = `${operation.operationId} ${status} ${mediaType}`;
  expect(response?.content[mediaType], `${what} is published; ${body.slice(0, 300)}`).toBeDefined();
  const { schema } = response!.content[mediaType]!;
  for (const value of valuesOf(mediaType, body)) expectValid(schema, value);
  if (mediaType === "application/problem+json")
    expect(response!.description, `${what} names its code`).toContain(`${JSON.parse(body).code}:`);
}

function valuesOf(mediaType: string, body: string): unknown[] {
  if (mediaType === "text/plain") return [body];
  const texts = mediaType === "application/x-ndjson" ? body.split("\n").filter(Boolean) : [body];
  return texts.map((text) => JSON.parse(text));
}

/** The operation of a request; undefined where there is none. */
function operationOf(method: string, url: string): PublishedOperation | undefined {
  const path = url.split("?")[0]!;
  for (const [template, methods] of Object.entries(document.paths)) {
    const pattern = template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+");
    if (new RegExp(`^${pattern}$`).test(path)) return methods[method.toLowerCase()];
  }
  return undefined;
}

/**
 * The document allows unknown keys, because clients must ignore them. The daemon must not send any.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  if (copy.type === "object" && copy.properties && copy.additionalProperties === undefined)
    return { ...copy, additionalProperties: false };
  return copy;
}
