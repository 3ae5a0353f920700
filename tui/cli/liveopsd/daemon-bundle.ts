/**
 * Loads the daemon's bundle, next to this one, only where it is needed: the short commands do not
 * carry it.
 */
import { createRequire } from "node:module";

export function daemonBundle(): typeof import("../../../daemon/main.js") {
  // A bundle has the type of its entry point.
  return compileCache().loadBundle("daemon.cjs") as typeof import("../../../daemon/main.js");
}

/** The bundle that each bin loads first. */
export function compileCache(): typeof import("../../kit/compile-cache/main.js") {
  return createRequire(import.meta.url)("./compile-cache.cjs");
}
