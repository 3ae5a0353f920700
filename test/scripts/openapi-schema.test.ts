/** `openapi.json` fits the schema of OpenAPI, and follows the rules that this schema cannot say. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { type Document, document, type PublishedOperation } from "../harness/published.js";

/** Copied for each check, because the validator resolves the references in place. */
async function errorsOf(what: Document): Promise<unknown> {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(what) });
  return valid ? [] : errors;
}

interface Endpoint extends PublishedOperation {
  path: string;
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.values(methods).map((operation): Endpoint => ({ ...operation, path })),
);

test("the document fits the schema of OpenAPI", async () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(await errorsOf(document)).toEqual([]);
  const broken = { ...document, paths: { ...document.paths, lost: {} } };
  expect(await errorsOf(broken)).not.toEqual([]);
});

test("each operation has an id of its own, a tag, a summary and a description", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(operations.length);
  for (const { operationId, tags, summary, description } of operations)
    for (const text of [operationId, tags[0], summary, description])
      expect(text, operationId).toMatch(/\w/);
});

test("an operation declares the parameters of its path, and no others in the path", () => {
  for (const { operationId, path, parameters = [] } of operations) {
    const declared = parameters
      .filter((parameter) => parameter.in === "path")
      .map(({ name }) => name);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(declared.sort(), operationId).toEqual(named.sort());
  }
});

test("a parameter is declared once, and one of the path is required", () => {
  for (const { operationId, parameters = [] } of operations) {
    const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(keys).size, operationId).toBe(keys.length);
    for (const parameter of parameters)
      if (parameter.in === "path") expect(parameter.required, operationId).toBe(true);
  }
});

test("each reference leads to a schema of the document, and each schema is used", () => {
  const text = JSON.stringify(document);
  const references = new Set(
    [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name),
  );
  expect([...references].sort()).toEqual(Object.keys(document.components.schemas).sort());
});
