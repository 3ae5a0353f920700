/**
 * Generates the regions of docs/protocol.md: the routes from their table, record and events from
 * their schemas.
 */
import * as z from "zod/mini";
import { daemonEvents, workerEvents } from "../../protocol/event.js";
import { operationSchema } from "../../protocol/operation.js";
import { ROUTES, type Route } from "../../protocol/routes.js";
import { code, type Regions, table } from "./markdown.js";

type Schema = z.core.JSONSchema.JSONSchema;

export function protocolRegions(): Regions {
  return { routes: routes(), requests: requests(), record: record(), events: events() };
}

const all: readonly Route[] = Object.values(ROUTES);

/** `GET /v1/operations/:id` */
function nameOf({ method, path }: Route): string {
  return code(`${method} ${path}`);
}

function routes(): string {
  const rows = all.map((route) => [
    nameOf(route),
    `${route.summary}${isStream(route) ? "; NDJSON" : ""}`,
  ]);
  return table(["route", "does"], rows);
}

function isStream({ replies }: Route): boolean {
  return Object.values(replies).some((content) => "application/x-ndjson" in content);
}

/** Routes with the same keys share their rows. The first row of a route names it. */
function requests(): string {
  const byKeys = new Map<string, { routes: Route[]; rows: string[][] }>();
  for (const route of all)
    for (const part of ["query", "body"] as const) {
      const rows = keysOf(part, route[part]);
      if (rows.length === 0) continue;
      const same = byKeys.get(JSON.stringify(rows));
      if (same) same.routes.push(route);
      else byKeys.set(JSON.stringify(rows), { routes: [route], rows });
    }
  const rows = [...byKeys.values()].flatMap(({ routes, rows }) =>
    rows.map((row, index) => [index === 0 ? routes.map(nameOf).join(", ") : "", ...row]),
  );
  return table(["route", "in", "key", "value", "meaning"], rows);
}

function keysOf(part: "query" | "body", schema: z.ZodMiniType | undefined): string[][] {
  if (!schema) return [];
  const { properties, required } = objectOf(
    z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
  );
  return Object.entries(properties ?? {}).map(([key, value]) => {
    const { description = "" } = value as Schema;
    return [
      part,
      code(key),
      valuesOf(value as Schema),
      required?.includes(key) ? `required; ${description}` : description,
    ];
  });
}

/** `integer, 0 to 1000, default 50` */
function valuesOf(schema: Schema): string {
  const { minimum, maximum, maxLength, default: preset } = schema as Record<string, unknown>;
  const isBounded = typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER;
  const least = minimum ? `at least ${minimum}` : "";
  const range = isBounded ? `${minimum ?? 0} to ${maximum}` : least;
  const length = maxLength ? `at most ${maxLength} characters` : "";
  const fallback = preset === undefined ? "" : `default ${preset}`;
  return [typeOf(schema), range, length, fallback].filter(Boolean).join(", ");
}

/** Of a body that may be one object or an array of them: the object. */
function objectOf(schema: Schema): Schema {
  return (
    (schema.anyOf?.find((each) => (each as Schema).properties) as Schema | undefined) ?? schema
  );
}

function record(): string {
  const { properties = {} } = z.toJSONSchema(operationSchema, { unrepresentable: "any" }) as Schema;
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description } = schema as Schema;
    if (!description)
      throw new Error(`protocol/operation.ts: the key '${name}' has no description`);
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
    return [...new Set(types)]
      .sort((a, b) => Number(a === "null") - Number(b === "null"))
      .join(" or ");
  }
  const { type } = schema as { type?: string | string[] };
  if (Array.isArray(type)) return type.join(" or ");
  if (schema.const) return code(String(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.format === "date-time") return "time";
  const items = schema.items as Schema | undefined;
  if (schema.type === "array")
    return items?.enum ? `array: ${typeOf(items)}` : `array of ${typeOf(items!)}s`;
  return type ?? "any";
}
