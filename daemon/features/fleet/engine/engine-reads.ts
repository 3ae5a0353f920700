/** The connections of the engine and its reads, which the role of a viewer may make. */

import type { Decision } from "../../../store/decision.js";
import { Address } from "./address.js";
import { Connection, type ConnectionOptions, LONG } from "./connection.js";
import { type Hint, parseHint } from "./hints.js";
import { countsOf, OperationQueries } from "./operation-queries.js";
import type {
  Abandoned,
  Cursor,
  DecisionRow,
  Head,
  HostRow,
  Piece,
  PieceCursor,
  SettingRow,
  Snapshot,
  TypeRow,
} from "./rows.js";
import { joinSecrets } from "./secrets.js";

export interface EngineOptions {
  url: string;
  /** Shown in `pg_stat_activity`, after `liveops`. */
  name?: string;
  /** Milliseconds after which a call throws EngineAwayError. Default: 3000 */
  giveUpMs?: number;
}

interface RawDecision {
  n: number;
  id: string;
  body: string;
  secret: string | null;
  origin: string;
  mark: number;
}

/** `part`: above 0 where it is about the successor of the operation. */
type RawPart = RawDecision & { part: number };

/** As the function `news` answers: the first row has the head, and what a call adds to it. */
type RawNews<Answer> = [{ answer: Head & Answer }, ...RawDecision[]];

/**
 * All methods throw EngineAwayError where the engine does not answer within `giveUpMs`,
 * EngineRefusedError where it refuses the connection, and RoleError.
 */
export class EngineReads {
  readonly queries = new OperationQueries(this.rows.bind(this));
  protected readonly giveUpMs: number;
  protected readonly address: Address;
  protected readonly reads: Connection;
  readonly #name: string;
  /** The last decision that this process saw. An engine that does not have it lost writes. */
  #known: { n: number; mark: number | null } = { n: 0, mark: null };
  /** Number of the last decision that was read in order. */
  protected applied = 0;
  #hearers = new Set<(hint: Hint) => void>();

  /** Connects at the first call. @throws UsageError for an address that is not valid or not safe */
  constructor(options: EngineOptions) {
    this.giveUpMs = options.giveUpMs ?? 3000;
    this.address = new Address(options.url);
    this.#name = `liveops ${options.name ?? ""}`.trim();
    this.reads = this.connection("reads", {
      isReading: true,
      onNotification: (payload) => {
        for (const hear of this.#hearers) hear(parseHint(payload));
      },
    });
  }

  protected connection(use: string, options: Omit<ConnectionOptions, "name"> = {}): Connection {
    return new Connection(this.address, { name: `${this.#name} ${use}`, ...options });
  }

  /** The address without the password. */
  describe(): string {
    return this.address.describe();
  }

  /** Number of the last decision that this process saw. */
  get known(): number {
    return this.#known.n;
  }

  protected get knownMark(): number | null {
    return this.#known.mark;
  }

  protected know(n: number, mark: number | null): void {
    if (n > this.#known.n || (n === this.#known.n && mark !== null)) this.#known = { n, mark };
  }

  /**
   * Forgets what this process saw of an engine that lost writes: its numbers may have been given
   * again. `offer` and `settleOffers` do so for a host; who is no host calls this after
   * LostWritesError, and loads a new snapshot.
   */
  forget(): void {
    this.#known = { n: 0, mark: null };
    this.applied = 0;
  }

  /** Calls `hear` on each hint. A hint may be lost: poll as well. Returns what ends it. */
  onHint(hear: (hint: Hint) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  async end(): Promise<void> {
    await this.reads.end();
  }

  protected rows<Row>(sql: string, values: unknown[], times = 1): Promise<Row[]> {
    return this.reads.query<Row>(sql, values, this.giveUpMs * times);
  }

  /** Calls a function of the schema that returns one value. */
  protected async call<T>(
    name: string,
    values: unknown[],
    connection: Connection,
    times = 1,
  ): Promise<T> {
    const sql = `select liveops.${name}(${places(values)}) as answer`;
    const [row] = await connection.query<{ answer: T }>(sql, values, this.giveUpMs * times, name);
    return row!.answer;
  }

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
    const values = [this.known, this.knownMark, n, limit];
    const news = await this.news("decisions_after", values, this.reads);
    this.applied = news.rows.at(-1)?.n ?? n;
    return news;
  }

  /** Calls a function of the schema that answers with the head and the next decisions. */
  protected async news<Answer = unknown>(
    name: string,
    values: unknown[],
    connection: Connection,
  ): Promise<Head & Answer & { rows: DecisionRow[] }> {
    const sql = `select * from liveops.${name}(${places(values)})`;
    const rows = await connection.query(sql, values, this.giveUpMs, name);
    const [{ answer }, ...raw] = rows as RawNews<Answer>;
    const last = raw.at(-1);
    if (last) this.know(last.n, last.mark);
    return { ...answer, rows: raw.map(decisionRow) };
  }

  /**
   * All decisions about live operations and the newest `recent` finished ones, by `n`, from one
   * moment. Apply each row to its own operation: successors have derived rows, and `finished` has
   * none here.
   */
  async snapshot(recent: number): Promise<Snapshot> {
    const sql = "select * from liveops.snapshot($1, $2, $3)";
    const values = [this.known, this.knownMark, recent];
    type Raw = Head & RawPart & { counts: string[]; head_mark: number | null };
    const raw = await this.rows<Raw>(sql, values, LONG);
    const first = raw[0]!;
    this.know(first.head, first.head_mark);
    this.applied = first.head;
    const rows = first.n === null ? [] : raw.map(partRow);
    return { ...headOf(first), rows, counts: countsOf(first.counts) };
  }

  /**
   * All decisions about each operation, as in `snapshot`. An operation that does not exist is not
   * in the map.
   */
  async decisionsOf(ids: readonly string[]): Promise<Map<string, DecisionRow[]>> {
    const raw = await this.rows<RawPart>("select * from liveops.decisions_of($1)", [ids], LONG);
    return Map.groupBy(raw.map(partRow), ({ id }) => id);
  }

  /**
   * Number of the engine's last decision, and whether it waits for offers. For `offer`: nothing is
   * checked.
   */
  async position(): Promise<{ n: number; epoch: number; held: boolean }> {
    return (
      await this.rows<{ n: number; epoch: number; held: boolean }>(
        "select * from liveops.head_position()",
        [],
      )
    )[0]!;
  }

  /** Those of the operations that are not removed. */
  async existing(ids: readonly string[]): Promise<Set<string>> {
    const sql = "select id from liveops.operation where id = any ($1)";
    return new Set((await this.rows<{ id: string }>(sql, [ids])).map(({ id }) => id));
  }

  /** Running operations whose host is lost or began another session. */
  async abandoned(): Promise<Abandoned[]> {
    return this.rows("select id, fence from liveops.abandoned()", []);
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
  async shippedTo(id: string, attempt: number): Promise<Cursor> {
    const last = (file: string) =>
      `coalesce((select last from liveops.piece where id = $1 and attempt = $2 and file = '${file}' order by first desc limit 1), 0)`;
    const sql = `select ${last("events")} as events, ${last("log")} as log`;
    return (await this.rows<Cursor>(sql, [id, attempt]))[0]!;
  }

  /**
   * Pieces after each cursor, in the order of `wanted`, then by `first`, until their bytes reach
   * `bytes`; at least one. `more`: the answer was cut.
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

function headOf({ head, epoch, settings, types }: Head): Head {
  return { head, epoch, settings, types };
}

function decisionRow({ n, id, body, secret, origin }: RawDecision): DecisionRow {
  return { n, id, decision: joinSecrets(body, secret), derived: false, origin };
}

/** A decision, or the part of it that is about its successor. */
function partRow({ part, ...raw }: RawPart): DecisionRow {
  const row = { ...decisionRow(raw), derived: part > 0 };
  const { decision } = row;
  return decision.kind === "finished" && decision.successor
    ? { ...row, decision: { ...decision, successor: null } satisfies Decision }
    : row;
}

/** `$1, $2, …` */
function places(values: readonly unknown[]): string {
  return values.map((_, index) => `$${index + 1}`).join(", ");
}
