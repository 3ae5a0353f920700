/** Finds the parts of a schema that no parameters can fill, because JSON has no form for them. */
import { defOf, namedChildren, type Schema } from "./zod-schema.js";

/** What to use in the place of each kind of schema. */
const INSTEAD: Record<string, string> = {
  file: "take the path of a file: z.string()",
  symbol: "take a text: z.string() or z.enum([…])",
  function: "take the name of one of the functions that the type knows: z.enum([…])",
  promise: "take the value itself",
  nan: "take z.number()",
  never: "remove it, or make it optional",
};

/**
 * The first required part that no parameters can fill: `"upload" is z.file(), …; take …`; null if there is none. Options
 * of a union and optional parts need not be filled.
 */
export function whyNotSubmittable(schema: Schema): string | null {
  const seen = new Set<Schema>();
  const find = (part: Schema, place: string): string | null => {
    if (seen.has(part)) return null;
    seen.add(part);
    const { type } = defOf(part);
    const instead = INSTEAD[type];
    if (instead !== undefined) {
      const name = place === "" ? "the schema" : JSON.stringify(place.replace(/^\./, ""));
      return `${name} is z.${type}(), which parameters cannot hold; ${instead}`;
    }
    if (type === "union") return null;
    for (const [name, child] of Object.entries(namedChildren(part))) {
      // z.strictObject refuses other names by z.never().
      if (name === ".*" || (type === "optional" && defOf(child).type === "never")) continue;
      const found = find(child, place + name);
      if (found !== null) return found;
    }
    return null;
  };
  return find(schema, "");
}
