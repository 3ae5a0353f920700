/** Loads the daemon's bundle, next to this one, only where it is needed: the short commands do not carry it. */
import { createRequire } from "node:module";

export function daemonBundle(): typeof import("../../../daemon/bundle.js") {
  return createRequire(import.meta.url)("./daemon.cjs");
}
