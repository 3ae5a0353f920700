/**
 * All that needs zod and the schemas of the routes. A bundle of its own, loaded when the daemon answers already
 * (`route.ts`): it takes a fifth of the start. No class of ours may cross into it: it has its own copies.
 */
export { readInput } from "./input.js";
export { openapi } from "./openapi.js";
