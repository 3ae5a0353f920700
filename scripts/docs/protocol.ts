/** Generates the regions of docs/protocol.md: the record from its schema, the events from theirs. */
import * as z from "zod/mini";
import { daemonEvents, workerEvents } from "../../protocol/event.js";
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

/** The text of an event is that of its schema, with what its keys mean. */
function events(): string {
  const rows = (writer: string, all: Readonly<Record<string, z.ZodMiniObject>>) =>
    Object.values(all).map((event) => {
      const { properties = {}, description = "" } = z.toJSONSchema(event) as Schema;
      const { type, seq: _, at: __, attempt: ___, ...own } = properties as Record<string, Schema>;
      const texts = Object.entries(own).map(
        ([key, { description }]) => description && `${code(key)}: ${description}`,
      );
      const meaning = [description, ...texts.filter(Boolean)].join(". ");
      return [
        code(String(type!.const)),
        writer,
        Object.keys(own).map(code).join(", "),
        meaning.charAt(0).toUpperCase() + meaning.slice(1),
      ];
    });
  return table(
    ["type", "writer", "keys", "meaning"],
    [...rows("daemon", daemonEvents), ...rows("worker", workerEvents)],
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
