/** The daemon's own bundle, beside this one: loaded only where it is needed, the short commands do not carry it. */
import { createRequire } from "node:module";

export function daemonBundle(): typeof import("../main.js") {
  return createRequire(import.meta.url)("./daemon.cjs");
}
