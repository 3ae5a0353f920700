/**
 * Describes the parameters of an operation type in full, from the JSON Schema of its input: nested
 * names, variants, bounds, defaults. For the page of one type; `parameters.ts` has the short form.
 * Pure.
 */
import { isPlainObject } from "../../../protocol/objects.js";
import {
  branches,
  fixedValues,
  type JsonSchema,
  objectShape,
  resolveRef,
} from "../../../protocol/schema/json-schema.js";
import {
  asTyped,
  boundsInWords,
  sizeInWords,
  stepInWords,
} from "../../../protocol/schema/misfit.js";
import { alignedRows, typeInWords } from "../../../protocol/schema/parameters.js";

export interface ParameterDetail {
  /** Full name, such as `db.host`, `jobs[].name` or `env.NAME`; of a variant `target: kind=s3`. */
  name: string;
  /** Type and bounds, such as `whole number, 1 to 10`; empty for a variant. */
  type: string;
  /** `required`, `optional` or `default …`; empty for a variant. */
  given: string;
  description: string;
  /** How many variants the parameter belongs to. */
  depth: number;
}

/** Levels of nested names. */
const MOST_LEVELS = 6;

/** All parameters in declared order; empty if the type takes any parameters, or none. */
export function detailParameters(schema: JsonSchema | null): ParameterDetail[] {
  if (schema === null) return [];
  const details = new Details(schema);
  details.addObject("", schema, 0, 0);
  return details.found;
}

/** As lines with columns. No colours, no indent. */
export function renderParameterDetails(schema: JsonSchema | null): string[] {
  if (schema === null) return ["any (the type declares no schema)"];
  return alignedRows(
    detailParameters(schema).map(({ name, type, given, description, depth }) => [
      "  ".repeat(depth) + name,
      type,
      given,
      description,
    ]),
  );
}

class Details {
  readonly found: ParameterDetail[] = [];

  constructor(private readonly root: JsonSchema) {}

  /** Adds the properties of an object, or those of each of its variants. */
  addObject(name: string, schema: JsonSchema, level: number, depth: number): void {
    const objects = this.#objectsOf(schema);
    const [only] = objects;
    if (only === undefined || level > MOST_LEVELS) return;
    if (objects.length === 1) {
      this.#addProperties(name, only, level, depth, null);
      return;
    }
    const key = discriminator(objects, this.root);
    for (const [index, object] of objects.entries()) {
      const value = key === null ? null : fixedValue(object, key, this.root);
      const which = key === null ? `variant ${index + 1} of ${objects.length}` : `${key}=${value}`;
      const title = name === "" ? which : `${name}: ${which}`;
      const description = descriptionOf(resolveRef(object, this.root));
      this.found.push({ name: title, type: "", given: "", description, depth });
      this.#addProperties(name, object, level, depth + 1, key);
    }
  }

  #objectsOf(schema: JsonSchema): JsonSchema[] {
    return branches(schema, this.root).filter(
      (branch) =>
        branch.type !== "array" && objectShape(branch, this.root) !== null && !isAny(branch),
    );
  }

  /**
   * @param without - the property that tells the variants apart; it is in the title of the variant
   */
  #addProperties(
    name: string,
    schema: JsonSchema,
    level: number,
    depth: number,
    without: string | null,
  ): void {
    const shape = objectShape(schema, this.root);
    if (shape === null) return;
    const prefix = name === "" ? "" : `${name}.`;
    for (const [property, inner] of shape.properties) {
      if (property !== without)
        this.#add(prefix + property, inner, shape.required.has(property), level, depth);
    }
    if (shape.rest === null) return;
    if (shape.properties.size > 0 || name === "") {
      const type = isAny(shape.rest) ? "any" : typeInWords(shape.rest, this.root);
      this.found.push({
        name: `${prefix}…`,
        type,
        given: "optional",
        description: "any other name",
        depth,
      });
    } else this.#add(`${prefix}NAME`, shape.rest, false, level, depth);
  }

  #add(name: string, schema: JsonSchema, isRequired: boolean, level: number, depth: number): void {
    const resolved = resolveRef(schema, this.root);
    const byDefault = resolved.default;
    let given = isRequired ? "required" : "optional";
    if (byDefault !== undefined) given = `default ${JSON.stringify(byDefault)}`;
    const type = [typeInWords(schema, this.root), ...boundsOf(schema, this.root)].join(", ");
    this.found.push({ name, type, given, description: descriptionOf(resolved), depth });
    this.addObject(name, schema, level + 1, depth);
    for (const branch of branches(schema, this.root)) {
      if (branch.type !== "array" || !isPlainObject(branch.items)) continue;
      this.addObject(`${name}[]`, branch.items, level + 1, depth);
    }
  }
}

/** The property that has another fixed value in each variant; null if there is none. */
function discriminator(objects: readonly JsonSchema[], root: JsonSchema): string | null {
  const [first] = objects;
  const shape = first === undefined ? null : objectShape(first, root);
  for (const name of shape?.properties.keys() ?? []) {
    const values = objects.map((object) => fixedValue(object, name, root));
    if (values.every((value) => value !== null) && new Set(values).size === values.length)
      return name;
  }
  return null;
}

function fixedValue(object: JsonSchema, name: string, root: JsonSchema): string | null {
  const property = objectShape(object, root)?.properties.get(name);
  const values = property === undefined ? null : fixedValues(resolveRef(property, root));
  return values === null ? null : values.map(asTyped).join("|");
}

function descriptionOf({ description }: JsonSchema): string {
  return typeof description === "string" ? description : "";
}

/** The bounds of each branch in words: `1 to 10`, `at least 1 character`, `matches ^a`. */
function boundsOf(schema: JsonSchema, root: JsonSchema): string[] {
  return branches(schema, root).flatMap((branch) => {
    const { items } = branch;
    const isPlain = isPlainObject(items) && !items.prefixItems && objectShape(items, root) === null;
    const inner = isPlain ? boundsOf(items, root) : [];
    return [...ownBounds(branch, root).filter(Boolean), ...inner.map((text) => `each ${text}`)];
  });
}

function ownBounds(schema: JsonSchema, root: JsonSchema): string[] {
  switch (schema.type) {
    case "number":
    case "integer":
      return [
        ...boundsInWords(schema).map((text) => text.replace(/^from /, "")),
        stepInWords(schema),
      ];
    case "string":
      return [sizeInWords(schema, "Length", "character"), formInWords(schema)];
    case "array": {
      const parts = (
        isPlainObject(schema.items) ? schema.items.prefixItems : schema.prefixItems
      ) as unknown;
      const pair = Array.isArray(parts)
        ? `[${parts.map((part) => typeInWords(part, root)).join(", ")}]`
        : "";
      return [sizeInWords(schema, "Items", "item"), pair];
    }
    default:
      return [];
  }
}

function formInWords({ format, pattern }: JsonSchema): string {
  if (format === "bigint") return "";
  if (format === "date-time") return "ISO 8601";
  if (typeof format === "string") return `format ${format}`;
  return typeof pattern === "string" ? `matches ${pattern}` : "";
}

function isAny(schema: JsonSchema): boolean {
  const { description: _, default: __, $schema: ___, ...rest } = schema;
  return Object.keys(rest).length === 0;
}
