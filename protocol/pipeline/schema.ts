/**
 * The JSON Schema of a pipeline file, from the tables of `keys.ts`. Editors use it to check and
 * complete.
 */
import type { JsonSchema } from "../schema/json-schema.js";
import {
  FINALLY_KEYS,
  INCLUDE_KEYS,
  PARAM_KEYS,
  PIPELINE_KEYS,
  RETRY_KEYS,
  STAGE_KEYS,
  STEP_KEYS,
  THEN_KEYS,
} from "./keys.js";
import { GIVEN_NAME, type PipelineKeys } from "./values.js";

export function pipelineSchema(): JsonSchema {
  const command = STEP_KEYS.run.schema.anyOf as JsonSchema[];
  const params = {
    type: "object",
    propertyNames: GIVEN_NAME,
    additionalProperties: { anyOf: [{ type: "null" }, mapOf(PARAM_KEYS)] },
  };
  const retry = mapOf(RETRY_KEYS);
  const dependentRequired = { with: ["op"] };
  const step = { ...mapOf(STEP_KEYS, { retry }), oneOf: oneKeyOf("run", "op"), dependentRequired };
  const parallel = { type: "array", items: step, minItems: 1 };
  const stage = {
    ...mapOf(STAGE_KEYS, { retry, parallel }),
    oneOf: oneKeyOf("run", "op", "parallel", "approve"),
    dependentRequired,
  };
  const top = mapOf(PIPELINE_KEYS, {
    params,
    stages: { type: "array", items: { anyOf: [stage, mapOf(INCLUDE_KEYS)] }, minItems: 1 },
    finally: { anyOf: [...command, mapOf(FINALLY_KEYS)] },
    // biome-ignore lint/suspicious/noThenProperty: the name of a key in the file
    then: mapOf(THEN_KEYS),
  });
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Pipeline of liveops",
    description: "Stages of shell commands, run by liveops",
    ...top,
  };
  // `expected` is a keyword of liveops, and no key of a pipeline.
  const text = JSON.stringify(schema, (key, value) => (key === "expected" ? undefined : value));
  return JSON.parse(text) as JsonSchema;
}

/** The text as it is published: `docs/pipeline.schema.json` and `liveops schema pipeline`. */
export function pipelineSchemaText(): string {
  return `${JSON.stringify(pipelineSchema(), null, 2)}\n`;
}

const oneKeyOf = (...names: string[]): JsonSchema[] =>
  names.map((name) => ({ properties: { [name]: {} }, required: [name] }));

/** @param inner - the schemas of keys that have keys of their own */
function mapOf(keys: PipelineKeys, inner: Record<string, JsonSchema> = {}): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, { schema, description }] of Object.entries(keys))
    properties[name] = { ...(inner[name] ?? schema), description: plain(description) };
  const required = Object.keys(keys).filter((name) => keys[name]!.isRequired);
  return {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** Without the code marks of Markdown. */
function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}
