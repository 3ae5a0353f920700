/** The reads of the engine, which the role of a viewer may make. */

import type { State } from "../../../protocol/state.js";
import type { Counts } from "../../../protocol/watch.js";
import type { Decision } from "../../store/decision.js";
import { EngineBase, LONG } from "./engine-base.js";
import { conditions } from "./find.js";
import { storable } from "./operation-index.js";
import type {
  DecisionRow,
  FleetQuery,
  Head,
  HostRow,
  KeyRow,
  OperationRow,
  Piece,
  PieceCursor,
  SettingRow,
  Snapshot,
  TypeRow,
} from "./rows.js";
import { joinSecrets } from "./secrets.js";

const STATES: readonly State[] = ["queued", "running", "succeeded", "failed", "cancelled"];

interface RawDecision {
  n: number;
  id: string;
  part: number;
  kind: string;
  body: string;
  secret: string | null;
  origin: string;
  mark: number;
}

export class EngineReads extends EngineBase {
  /** Milliseconds since 1970 by the engine's clock. */
  async engineNow(): Promise<number> {
    const sql = "select extract(epoch from clock_timestamp())::float8 * 1000 as now";
    return (await this.rows<{ now: number }>(sql, []))[0]!.now;
  }

  /**
   * The decisions after number `n`, in order, at most `limit`; without derived ones.
   *
   * @throws LostWritesError where the engine no longer has the last decision that this process saw
   */
  async decisionsAfter(n: number, limit = 500): Promise<Head & { rows: DecisionRow[] }> {
    const sql = "select * from liveops.decisions_after($1, $2, $3, $4)";
    const values = [this.known, this.knownMark, n, limit];
    const raw = await this.reads.query<Head & RawDecision>(sql, values, this.giveUpMs, "decisions_after");
    const rows = raw[0]!.n === null ? [] : raw.map(decisionRow);
    const last = rows.at(-1);
    if (last) this.know(last.n, raw.at(-1)!.mark);
    this.applied = last?.n ?? n;
    return { ...headOf(raw[0]!), rows };
  }

  /**
   * All decisions about live operations and the newest `recent` finished ones, by `n`, from one moment. Apply each row to
   * its own operation: successors have derived rows, and `finished` has none here.
   */
  async snapshot(recent: number): Promise<Snapshot> {
    const sql = "select * from liveops.snapshot($1, $2, $3)";
    const values = [this.known, this.knownMark, recent];
    type Raw = Head & RawDecision & { counts: string[]; head_mark: number | null };
    const raw = await this.rows<Raw>(sql, values, LONG);
    const first = raw[0]!;
    this.know(first.head, first.head_mark);
    this.applied = first.head;
    const rows = first.n === null ? [] : raw.map(decisionRow).map(withoutSuccessor);
    return { ...headOf(first), rows, counts: countsOf(first.counts) };
  }

  /** All decisions about each operation, as in `snapshot`. An operation that does not exist is not in the map. */
  async decisionsOf(ids: readonly string[]): Promise<Map<string, DecisionRow[]>> {
    const raw = await this.rows<RawDecision>("select * from liveops.decisions_of($1)", [ids], LONG);
    return Map.groupBy(raw.map(decisionRow).map(withoutSuccessor), ({ id }) => id);
  }

  async idsByKey(keys: readonly string[]): Promise<Map<string, KeyRow>> {
    const sql = `select key, hash, id, at, removed_at is not null as "isRemoved" from liveops.key
      where key = any ($1) and (removed_at is null or removed_at > now() - interval '1 day')`;
    const rows = await this.rows<Omit<KeyRow, "at"> & { at: Date }>(sql, [keys.map(storable)]);
    return new Map(rows.map((row) => [row.key, { ...row, at: row.at.toISOString() }]));
  }

  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    const sql = "select id from liveops.operation where starts_with(id, $1) order by id limit $2";
    return (await this.rows<{ id: string }>(sql, [storable(prefix), limit])).map(({ id }) => id);
  }

  /** Ids in the order of submission, newest first unless the query says otherwise. */
  async list(query: FleetQuery, limit: number): Promise<string[]> {
    const { where, values } = conditions(query);
    const way = query.order === "oldest" ? "asc" : "desc";
    const sql = `select id from liveops.operation ${where} order by ord ${way} limit $${values.length + 1}`;
    return (await this.rows<{ id: string }>(sql, [...values, limit])).map(({ id }) => id);
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
    return (await this.rows<{ n: number }>(sql, values))[0]!.n;
  }

  async countsByState(): Promise<Counts> {
    const [row] = await this.rows<{ counts: string[] }>("select liveops.counts_by_state() as counts", []);
    return countsOf(row!.counts);
  }

  /**
   * Ids of finished operations: all but the newest `keep`, and those finished before `cutoff`. A time before the cutoff
   * that was recorded after a later time comes from a wrong clock and does not count.
   *
   * @param cutoff in ms since 1970
   * @param now in ms since 1970; later times do not count
   */
  async expired(keep: number, cutoff: number, now: number, limit: number): Promise<string[]> {
    const sql = `
      with surplus as (
        select id from liveops.operation where finished_n is not null order by ord
          limit least($4, greatest(0, (select count(*) - $1::bigint from liveops.operation where finished_n is not null)))
      ), young as (
        select min(finished_n) as n from liveops.operation
          where finished_n is not null and finished_at between to_timestamp($2 / 1000.0) and to_timestamp($3 / 1000.0)
      ), aged as (
        select id from liveops.operation where finished_n is not null and finished_at < to_timestamp($2 / 1000.0)
          and finished_n < coalesce((select n from young), 9223372036854775807) order by finished_at limit $4
      )
      select id from surplus union select id from aged limit $4`;
    return (await this.rows<{ id: string }>(sql, [keep, cutoff, now, limit], LONG)).map(({ id }) => id);
  }

  /** Number of the engine's last decision, and whether it waits for offers. For `offer`: nothing is checked. */
  async position(): Promise<{ n: number; epoch: number; held: boolean }> {
    return (
      await this.rows<{ n: number; epoch: number; held: boolean }>(
        "select * from liveops.head_position()",
        [],
      )
    )[0]!;
  }

  async operations(ids: readonly string[]): Promise<OperationRow[]> {
    return this.rows(`select ${OPERATION} from liveops.operation where id = any ($1)`, [ids]);
  }

  /** Running operations whose host is lost or began another session. */
  async abandoned(): Promise<OperationRow[]> {
    return this.rows(`select ${OPERATION} from liveops.abandoned()`, []);
  }

  async hosts(): Promise<HostRow[]> {
    const ms = (column: string) => `extract(epoch from ${column})::float8 * 1000`;
    const sql = `select name, session, renewals, state, tags, slots, draining, version, types_hash as "typesHash", status,
        ${ms("joined_at")} as "joinedAt", ${ms("renewed_at")} as "renewedAt", lost_after as "lostAfter", known,
        extract(epoch from clock_timestamp() - renewed_at)::float8 as silent,
        (select count(*) from liveops.operation o where o.host = h.name and o.state = 'running') as running
      from liveops.host h order by name`;
    return this.rows(sql, []);
  }

  /** Numbers of the last lines that the engine has of an attempt; 0: none. */
  async shippedTo(id: string, attempt: number): Promise<{ events: number; log: number }> {
    const last = (file: string) =>
      `coalesce((select last from liveops.piece where id = $1 and attempt = $2 and file = '${file}' order by first desc limit 1), 0)`;
    const sql = `select ${last("events")} as events, ${last("log")} as log`;
    return (await this.rows<{ events: number; log: number }>(sql, [id, attempt]))[0]!;
  }

  /**
   * Pieces after each cursor, in the order of `wanted`, then by `first`, until their bytes reach `bytes`; at least one.
   * `more`: the answer was cut.
   */
  async piecesAfter(
    wanted: readonly PieceCursor[],
    bytes: number,
  ): Promise<{ rows: Piece[]; more: boolean }> {
    const values = (["id", "attempt", "events", "log"] as const).map((name) =>
      wanted.map((each) => each[name]),
    );
    const sql = "select * from liveops.pieces_after($1, $2, $3, $4, $5)";
    const found = await this.rows<Piece & { more: boolean }>(sql, [...values, bytes], LONG);
    return { rows: found.map(({ more: _, ...row }) => row), more: found[0]?.more ?? false };
  }

  /** Numbers of the attempts of which the engine has lines, ascending. */
  async attemptsWithPieces(id: string): Promise<number[]> {
    const sql = "select distinct attempt from liveops.piece where id = $1 order by attempt";
    return (await this.rows<{ attempt: number }>(sql, [id])).map(({ attempt }) => attempt);
  }

  /** A value that is too large for a decision, as JSON; null: there is none. */
  async payload(id: string, kind: "params" | "result"): Promise<string | null> {
    const sql = "select body from liveops.payload where id = $1 and kind = $2";
    return (await this.rows<{ body: string }>(sql, [id, kind], LONG))[0]?.body ?? null;
  }

  async settings(): Promise<SettingRow[]> {
    return this.rows("select name, body, version from liveops.setting order by name", []);
  }

  async types(): Promise<TypeRow[]> {
    return this.rows("select host, op, body, hash from liveops.type order by host, op", [], LONG);
  }

  /** Whether a synchronous standby takes each write; null: the role may not see it. */
  async hasSynchronousReplica(): Promise<boolean | null> {
    const sql = "select current_setting('synchronous_standby_names') as names";
    return (await this.rows<{ names: string }>(sql, []))[0]!.names !== "";
  }
}

export const OPERATION =
  "id, version, ord, state, op, queue, host, session, fence, attempt, partition, resumable, stop, pin, requires";

/** `bigint[]` comes as texts. */
function countsOf(counts: readonly string[]): Counts {
  return Object.fromEntries(
    STATES.map((state, index) => [state, Number(counts[index])]),
  ) as unknown as Counts;
}

function headOf({ head, epoch, settings, types }: Head): Head {
  return { head, epoch, settings, types };
}

function decisionRow({ n, id, part, body, secret, origin, mark }: RawDecision): DecisionRow {
  return { n, id, decision: joinSecrets(body, secret), derived: part > 0, origin, at: mark / 1000 };
}

function withoutSuccessor(row: DecisionRow): DecisionRow {
  const { decision } = row;
  return decision.kind === "finished" && decision.successor
    ? { ...row, decision: { ...decision, successor: null } satisfies Decision }
    : row;
}
