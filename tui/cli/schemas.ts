/** The JSON Schemas that `liveops schema` prints beside those of the core. A feature adds a line. */
import { loadSchema } from "../features/export/load-schema.js";

export const FEATURE_SCHEMAS: Readonly<Record<string, () => Promise<string>>> = {
  export: async () => (await loadSchema()).exportSchemaText(),
};
