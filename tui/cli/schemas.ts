/** The door of JSON Schemas that `liveops schema` prints beside those of the core. */

/** A bundle of its own, because zod would slow down the start of every command. */
const BUNDLE: string = "./schemas.js";

/** One line a feature. */
export const FEATURE_SCHEMAS: Readonly<Record<string, () => Promise<string>>> = {
  export: async () => (await load<typeof import("../features/export/schema.js")>()).exportSchemaText(),
};

/** The bundle exports the modules of all features. */
async function load<Schemas>(): Promise<Schemas> {
  return (await import(BUNDLE)) as Schemas;
}
