/** Generates the tables of the daemon's log in docs/operating.md from its keys. */
import { LINE_KEYS, LOG_KEYS } from "../../daemon/log/log-keys.js";
import { code, type Regions, table } from "./markdown.js";

export function logRegions(): Regions {
  const rows = Object.entries({ ...LINE_KEYS, ...LOG_KEYS }).map(([name, { type, meaning }]) => [
    code(name),
    type,
    meaning,
  ]);
  return { "log keys": table(["key", "value", "meaning"], rows) };
}
