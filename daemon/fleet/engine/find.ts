/** The filter of a list as SQL. The rules are those of `matchesQuery` in the store. */

import { storable } from "./operation-index.js";
import type { FleetQuery } from "./rows.js";

export function conditions(query: FleetQuery): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (sql: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(storable(value));
    parts.push(sql(`$${values.length}`));
  };
  add((place) => `state = any (${place})`, query.state);
  add((place) => `op = ${place}`, query.op);
  add((place) => `history_key = ${place}`, query.historyKey);
  add((place) => `chain_id = ${place}`, query.chain);
  add((place) => `host = ${place}`, query.host);
  add((place) => `strpos(text, ${place}) > 0`, query.q ? query.q.toLowerCase() : undefined);
  add((place) => `ord ${query.order === "oldest" ? ">" : "<"} ${place}`, query.before);
  add((place) => `finished_n > ${place}`, query.finishedAfter);
  add((place) => `finished_at >= to_timestamp(${place}::float8 / 1000)`, query.finishedSince);
  return { where: parts.length > 0 ? `where ${parts.join(" and ")}` : "", values };
}
