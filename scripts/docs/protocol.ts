/** Generates the regions of docs/protocol.md: the record from its schema, the events from their table. */
import * as z from "zod/mini";
import { EVENTS } from "../../protocol/event.js";
import { operationSchema } from "../../protocol/operation.js";
import { code, type Regions, table } from "./markdown.js";

type Schema = z.core.JSONSchema.JSONSchema;

export function protocolRegions(): Regions {
  return { record: record(), events: events() };
}

function record(): string {
  const { properties = {} } = z.toJSONSchema(operationSchema, { unrepresentable: "any" }) as Schema;
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description } = schema as Schema;
    if (!description) throw new Error(`protocol/operation.ts: the key '${name}' has no description`);
    return [code(name), typeOf(schema as Schema), description];
  });
  return table(["key", "type", "meaning"], rows);
}

function events(): string {
  return table(
    ["type", "writer", "keys", "meaning"],
    Object.entries(EVENTS).map(([type, { writer, keys, meaning }]) => [
      code(type),
      writer,
      keys.map(code).join(", "),
      meaning,
    ]),
  );
}

/** `string or null`, or the values of an enumeration. */
function typeOf(schema: Schema): string {
  if (schema.anyOf) {
    const types = schema.anyOf.map((each) => typeOf(each as Schema));
    return [...new Set(types)].sort((a, b) => Number(a === "null") - Number(b === "null")).join(" or ");
  }
  const { type } = schema as { type?: string | string[] };
  if (Array.isArray(type)) return type.join(" or ");
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.format === "date-time") return "time";
  if (schema.type === "array") return `array of ${typeOf(schema.items as Schema)}s`;
  return type ?? "any";
}
