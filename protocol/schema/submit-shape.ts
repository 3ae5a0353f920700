/** The keys of requests and of the record, made of the table of submit fields. */
import type * as z from "zod/mini";
import type { Group, Zod } from "../submit-field.js";
import { type FIELDS, type FieldWith, fieldsWith } from "../submit-fields.js";
import { doc } from "./doc.js";
import { ZOD } from "./zod.js";

type PartName = "submit" | "again" | "edit" | "record" | "type" | "started";

type Schema<P extends PartName, N extends keyof typeof FIELDS> =
  (typeof FIELDS)[N] extends Record<P, { schema: (zod: Zod) => infer S extends z.ZodMiniType }>
    ? S
    : never;

/** The keys of a group of the record. */
export const recordShape = <G extends Group>(group: G) => shapeOf("record", group);

/** The keys that features add to the event of a start. */
export const startedShape = () => shapeOf("started");

/** The keys of a type. */
export const typeShape = () => shapeOf("type");

function shapeOf<P extends PartName, G extends Group = Group>(name: P, group?: G) {
  const shape = fieldsWith(name, group).map(([field, row]) => [field, described(row[name]!)]);
  // The rows are those of the type.
  return Object.fromEntries(shape) as { [N in FieldWith<P, G>]: Schema<P, N> };
}

/** The keys of a request; all are optional. */
export function bodyShape<P extends "submit" | "again" | "edit">(form: P) {
  const shape = fieldsWith(form).map(([name, row]) => {
    const { schema, about } = row[form]!;
    return [name, described({ schema: (zod) => zod.optional(schema(zod)), about })];
  });
  // The rows are those of the type.
  return Object.fromEntries(shape) as { [N in FieldWith<P>]: z.ZodMiniOptional<Schema<P, N>> };
}

function described({ schema, about }: { schema: (zod: Zod) => z.ZodMiniType; about: string }) {
  return about === "" ? schema(ZOD) : doc(schema(ZOD), about);
}
