import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeAll } from "vitest";

/**
 * Replaces functions of a module of Node for the tests of a file, in each module that imports them.
 */
export function useBuiltin(builtin: object, replaced: object): void {
  const given = Object.entries(builtin);
  const real = Object.fromEntries(given.filter(([name]) => name in replaced));
  const assign = (functions: object) => {
    Object.assign(builtin, functions);
    // What others have imported by name.
    syncBuiltinESMExports();
  };
  beforeAll(() => assign(replaced));
  afterAll(() => assign(real));
}
