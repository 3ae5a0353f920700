/** Loads the schema of an exported run: a bundle of its own, because zod would slow down the start of every command. */
const BUNDLE: string = "./schemas.js";

export function loadSchema(): Promise<typeof import("./schema.js")> {
  return import(BUNDLE);
}
