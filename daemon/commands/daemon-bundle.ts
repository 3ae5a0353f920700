/** The daemon's own bundle, beside this one: loaded only where it is needed, the short commands do not carry it. */
export function daemonBundle(): Promise<typeof import("../main.js")> {
  return import(new URL("./daemon.js", import.meta.url).href);
}
