/** Finds and counts operations by what the engine indexes of them. */

import { beginOf } from "../../../../protocol/origin.js";
import type { State } from "../../../../protocol/state.js";
import type { ByState } from "../../../../protocol/watch.js";
import { columnOf, EQUAL } from "../../../store/history-query.js";
import { LONG } from "./connection.js";
import { storable } from "./operation-index.js";
import type { FleetQuery, KeyRow } from "./rows.js";

/** In the order in which the engine counts them. */
const STATES: readonly State[] = ["queued", "running", "succeeded", "failed", "cancelled"];

/** Makes a query, which may take `times` as long as a usual one. */
type Ask = <Row>(sql: string, values: unknown[], times?: number) => Promise<Row[]>;

export class OperationQueries {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async idsByKey(keys: readonly string[]): Promise<Map<string, KeyRow>> {
    const sql = `select key, hash, id, removed_at is not null as "isRemoved" from liveops.key
      where key = any ($1) and (removed_at is null or removed_at > now() - interval '1 day')`;
    const rows = await this.#ask<KeyRow>(sql, [keys.map(storable)]);
    return new Map(rows.map((row) => [row.key, row]));
  }

  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    const sql = "select id from liveops.operation where starts_with(id, $1) order by id limit $2";
    return (await this.#ask<{ id: string }>(sql, [storable(prefix), limit])).map(({ id }) => id);
  }

  /** Ids in the order of submission, newest first unless the query says otherwise. */
  async list(query: FleetQuery, limit: number): Promise<string[]> {
    const { where, values } = conditions(query);
    const way = query.order === "oldest" ? "asc" : "desc";
    const sql = `select id from liveops.operation ${where} order by ord ${way} limit $${values.length + 1}`;
    return (await this.#ask<{ id: string }>(sql, [...values, limit])).map(({ id }) => id);
  }

  /** Number of operations; `before` does not count. */
  async count(query: FleetQuery): Promise<number> {
    const { state, order, before, ...others } = query;
    if (Object.values(others).every((value) => value === undefined || value === "")) {
      const counts = await this.countsByState();
      return (state ?? STATES).reduce((sum, each) => sum + counts[each], 0);
    }
    const { where, values } = conditions({ state, ...others });
    const sql = `select count(*) as n from liveops.operation ${where}`;
    return (await this.#ask<{ n: number }>(sql, values))[0]!.n;
  }

  async countsByState(): Promise<ByState> {
    const [row] = await this.#ask<{ counts: string[] }>(
      "select liveops.counts_by_state() as counts",
      [],
    );
    return countsOf(row!.counts)[0];
  }

  /**
   * Ids of finished operations: all but the newest `keep`, and those finished before `cutoff`.
   *
   * @param cutoff in ms since 1970
   */
  async expired(keep: number, cutoff: number, limit: number): Promise<string[]> {
    const sql = `
      with surplus as (
        select id from liveops.operation where finished_n is not null order by ord
          limit least($3, greatest(0, (select count(*) - $1::bigint from liveops.operation where finished_n is not null)))
      ), aged as (
        select id from liveops.operation where finished_n is not null and finished_at < to_timestamp($2 / 1000.0)
          order by finished_at limit $3
      )
      select id from surplus union select id from aged limit $3`;
    return (await this.#ask<{ id: string }>(sql, [keep, cutoff, limit], LONG)).map(({ id }) => id);
  }
}

/** `bigint[]` comes as texts. */
export function countsOf(texts: readonly string[]): [all: ByState, inside: ByState] {
  const from = (first: number) =>
    Object.fromEntries(
      STATES.map((state, index) => [state, Number(texts[first + index])]),
    ) as unknown as ByState;
  return [from(0), from(STATES.length)];
}

/** The filter of a list as SQL. The rules are those of `matchesQuery` in the store. */
function conditions(query: FleetQuery): { where: string; values: unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (sql: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(storable(value));
    parts.push(sql(`$${values.length}`));
  };
  add((place) => `state = any (${place})`, query.state);
  for (const name of EQUAL)
    add(
      (place) => `${name === "session" ? "submitted_by" : columnOf(name)} = ${place}`,
      query[name],
    );
  const begin = query.here === undefined ? undefined : beginOf(query.here);
  add((place) => `starts_with(submitted_in || '/', ${place})`, begin);
  add((place) => `chain_id = ${place}`, query.chain);
  if (query.parent === "none") parts.push("parent_id is null");
  else if (query.parent === "any") parts.push("parent_id is not null");
  else if (query.parent === "gone")
    parts.push("parent_id is not null and parent_id not in (select id from liveops.operation)");
  else add((place) => `parent_id = ${place}`, query.parent);
  add((place) => `strpos(text, ${place}) > 0`, query.q ? query.q.toLowerCase() : undefined);
  add((place) => `ord ${query.order === "oldest" ? ">" : "<"} ${place}`, query.before);
  add((place) => `finished_n > ${place}`, query.finishedAfter);
  add((place) => `finished_at >= to_timestamp(${place}::float8 / 1000)`, query.finishedSince);
  return { where: parts.length > 0 ? `where ${parts.join(" and ")}` : "", values };
}
