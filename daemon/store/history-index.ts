/**
 * The index of the history: a SQLite file that can be rebuilt from the segments at any time. Its
 * last changes may be lost, since a start adds them again. Where the disk has no room for the file,
 * the index is in memory.
 */
import { closeSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { beginOf, directoryOf } from "../../protocol/origin.js";
import type { State } from "../../protocol/state.js";
import { APPEND, openOwnFile } from "../../protocol/system/own-file.js";
import type { Entry } from "./decision.js";
import { isDiskFull } from "./durable-file.js";
import { columnOf, EQUAL, type HistoryQuery } from "./history-query.js";

export interface RecordLocation {
  /** Of the operation whose record is there. */
  id: string;
  segment: number;
  offset: number;
  length: number;
}

/** How far a segment is indexed. */
interface IndexedSegment {
  segment: number;
  offset: number;
  /** Number of the last record; null: there is none. */
  n: number | null;
}

/** The states of sealed operations. */
const ENDS: readonly State[] = ["succeeded", "failed", "cancelled"];

/** The columns of a `RecordLocation`. */
const LOCATION = 'id, segment, "offset", length';

/** Version of the tables: an index with another version is rebuilt. */
const VERSION = 10;

/**
 * NORMAL syncs before and after pages go into the file itself. Without these syncs a power cut
 * leaves a wrong index, which is not always noticed. Without an exclusive lock, SQLite maps a file
 * (-shm): where the quota is used up, a write to a mapped page ends the process by a signal. Only
 * with `recursive_triggers` does a replaced row fire the delete trigger that lowers its count.
 */
const SETTINGS = `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  PRAGMA recursive_triggers = ON;`;

const DROP =
  "DROP TABLE IF EXISTS operations; DROP TABLE IF EXISTS reach; DROP TABLE IF EXISTS tally;";

/** The columns of `EQUAL` stand in its order. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, position INTEGER NOT NULL, op TEXT NOT NULL, history_key TEXT, session TEXT,
    state TEXT NOT NULL, chain TEXT NOT NULL, text TEXT NOT NULL, key TEXT, directory TEXT NOT NULL, parent TEXT, finished INTEGER NOT NULL, finished_by INTEGER NOT NULL, segment INTEGER NOT NULL, "offset" INTEGER NOT NULL, length INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_position ON operations (position);
  CREATE INDEX IF NOT EXISTS by_op ON operations (op, position);
  CREATE INDEX IF NOT EXISTS by_history_key ON operations (op, history_key, position) WHERE history_key IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_state ON operations (state, position);
  CREATE INDEX IF NOT EXISTS by_chain ON operations (chain, position);
  CREATE INDEX IF NOT EXISTS by_session ON operations (session, position) WHERE session IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_parent ON operations (parent, position) WHERE parent IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_state_inside ON operations (state) WHERE parent IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_finished ON operations (finished);
  CREATE INDEX IF NOT EXISTS by_decision ON operations (finished_by);
  CREATE INDEX IF NOT EXISTS by_segment ON operations (segment);
  CREATE INDEX IF NOT EXISTS by_key ON operations (key) WHERE key IS NOT NULL;
  CREATE TABLE IF NOT EXISTS reach (segment INTEGER PRIMARY KEY, "offset" INTEGER NOT NULL, n INTEGER);
  CREATE TABLE IF NOT EXISTS tally (state TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS counted AFTER INSERT ON operations BEGIN
    INSERT INTO tally VALUES (new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER IF NOT EXISTS uncounted AFTER DELETE ON operations BEGIN
    UPDATE tally SET n = n - 1 WHERE state = old.state;
  END;
`;

/** SQLite would create the file readable by all; its side files copy the file's mode. */
function openPrivate(file: string): DatabaseSync {
  closeSync(openOwnFile(file, APPEND));
  return new DatabaseSync(file);
}

export class HistoryIndex {
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #reach: StatementSync;
  readonly #find: StatementSync;
  readonly #findKey: StatementSync;

  private constructor(private readonly database: DatabaseSync) {
    try {
      database.exec(SETTINGS);
      const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
      if (version !== VERSION)
        database.exec(`BEGIN; ${DROP} ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#delete = database.prepare("DELETE FROM operations WHERE id = ?");
    this.#reach = database.prepare("INSERT OR REPLACE INTO reach VALUES (?, ?, ?)");
    this.#find = database.prepare(`SELECT ${LOCATION} FROM operations WHERE id = ?`);
    this.#findKey = database.prepare(`SELECT ${LOCATION} FROM operations WHERE key = ?`);
  }

  /** Opens the index; an index that does not open is discarded and rebuilt. */
  static open(file: string, report: (problem: string) => void): HistoryIndex {
    try {
      const index = new HistoryIndex(openPrivate(file));
      index.indexedSegments();
      return index;
    } catch (error) {
      return HistoryIndex.remake(file, report, error as Error);
    }
  }

  /** Replaces a damaged index, or an index without room on the disk, with an empty one. */
  static remake(file: string, report: (problem: string) => void, error: Error): HistoryIndex {
    if (isUnwritable(error)) return new HistoryIndex(new DatabaseSync(":memory:"));
    report(`${file} was damaged (${error.message}) and is rebuilt from the history`);
    for (const name of [file, `${file}-wal`]) rmSync(name, { force: true });
    try {
      return new HistoryIndex(openPrivate(file));
    } catch (again) {
      if (isUnwritable(again)) return new HistoryIndex(new DatabaseSync(":memory:"));
      throw again;
    }
  }

  put(
    lines: Array<{ id: string; entry: Entry | null; place: RecordLocation }>,
    reach: IndexedSegment,
  ): void {
    this.database.exec("BEGIN");
    try {
      this.#putAll(lines, reach);
      this.database.exec("COMMIT");
    } catch (error) {
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  #putAll(
    lines: Array<{ id: string; entry: Entry | null; place: RecordLocation }>,
    reach: IndexedSegment,
  ): void {
    for (const { id, entry, place } of lines) {
      if (entry === null) {
        this.#delete.run(id);
        continue;
      }
      const { record } = entry;
      const text = [record.id, record.op, record.title, record.label ?? ""]
        .join("\n")
        .toLowerCase();
      const key = entry.key?.key ?? null;
      const { segment, offset, length } = place;
      this.#put.run(
        id,
        entry.order,
        ...EQUAL.map((name) => record[name] ?? null),
        record.state,
        record.chain.id,
        text,
        key,
        directoryOf(record),
        record.parent?.id ?? null,
        Date.parse(record.finishedAt!),
        entry.finishedBy,
        segment,
        offset,
        length,
      );
    }
    this.#reach.run(reach.segment, reach.offset, reach.n);
  }

  delete(id: string): void {
    this.#delete.run(id);
  }

  /** Makes the index that of an empty history. */
  clear(): void {
    this.database.exec(`BEGIN; ${DROP} ${SCHEMA} COMMIT`);
  }

  has(id: string): boolean {
    return this.#find.get(id) !== undefined;
  }

  /** At most one. */
  find(id: string): RecordLocation[] {
    return this.#find.all(id) as unknown as RecordLocation[];
  }

  /** At most one. */
  findKey(key: string): RecordLocation[] {
    return this.#findKey.all(key) as unknown as RecordLocation[];
  }

  idsWithPrefix(prefix: string, limit: number): string[] {
    const rows = this.database
      .prepare("SELECT id FROM operations WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")
      .all(prefix, `${prefix}\uffff`, limit);
    return rows.map((row) => row.id as string);
  }

  list(query: HistoryQuery, limit: number): RecordLocation[] {
    const { where, values } = conditions(query);
    // Few are newer than a decision: SQLite would look at all, in the order of the list.
    const index = query.finishedAfter === undefined ? "" : "INDEXED BY by_decision";
    const sql = `SELECT ${LOCATION} FROM operations ${index} ${where} ORDER BY position ${query.order === "oldest" ? "ASC" : "DESC"} LIMIT ?`;
    return this.database.prepare(sql).all(...values, limit) as unknown as RecordLocation[];
  }

  count(query: HistoryQuery): number {
    const { q, state } = query;
    const others = [...EQUAL, "here", "chain", "parent", "finishedAfter", "finishedSince"] as const;
    const counted = others.every((name) => query[name] === undefined);
    // The triggers keep these counts.
    if (counted && !q) {
      const counts = this.countsByState();
      return (state ?? ENDS).reduce((sum, each) => sum + (counts[each] ?? 0), 0);
    }
    const { where, values } = conditions({ ...query, before: undefined });
    return Number(
      this.database.prepare(`SELECT count(*) AS n FROM operations ${where}`).get(...values)?.n ?? 0,
    );
  }

  countsByState(): Partial<Record<State, number>> {
    return this.#counts("SELECT state, n FROM tally");
  }

  /** Of those inside of another operation. */
  countsInside(): Partial<Record<State, number>> {
    return this.#counts(
      "SELECT state, count(*) AS n FROM operations INDEXED BY by_state_inside WHERE parent IS NOT NULL GROUP BY state",
    );
  }

  #counts(sql: string): Partial<Record<State, number>> {
    const rows = this.database.prepare(sql).all();
    return Object.fromEntries(rows.map((row) => [row.state as State, Number(row.n)]));
  }

  lastOrder(): number {
    return Number(this.database.prepare("SELECT max(position) AS n FROM operations").get()?.n ?? 0);
  }

  /**
   * Expired operations: all but the newest `keep`, and those that finished before `cutoff`.
   *
   * @param cutoff - in ms since 1970
   */
  expired(keep: number, cutoff: number, limit: number): string[] {
    const surplus = Math.max(0, this.count({}) - keep);
    const oldest = this.database.prepare("SELECT id FROM operations ORDER BY position LIMIT ?");
    const aged = this.database.prepare(
      "SELECT id FROM operations WHERE finished < ? ORDER BY finished LIMIT ?",
    );
    const rows = [...oldest.all(Math.min(surplus, limit)), ...aged.all(cutoff, limit)];
    return [...new Set(rows.map((row) => row.id as string))].slice(0, limit);
  }

  /** Whether the segment holds the last record of any operation. */
  isUsed(segment: number): boolean {
    return (
      this.database.prepare("SELECT 1 FROM operations WHERE segment = ? LIMIT 1").get(segment) !==
      undefined
    );
  }

  /** The indexed segments, in order. */
  indexedSegments(): IndexedSegment[] {
    const sql = `SELECT segment, "offset", n FROM reach ORDER BY segment`;
    return this.database.prepare(sql).all() as unknown as IndexedSegment[];
  }

  /** The segment was deleted. */
  dropSegment(segment: number): void {
    this.database.prepare("DELETE FROM reach WHERE segment = ?").run(segment);
  }

  close(): void {
    this.database.close();
  }
}

/** Whether the error means a damaged database (SQLITE_CORRUPT, SQLITE_NOTADB) or no room for it. */
export function isUnusable(error: unknown): boolean {
  return [11, 26].includes(sqliteCode(error)) || isUnwritable(error);
}

/** SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, or the system's error for a full disk. */
function isUnwritable(error: unknown): boolean {
  return [10, 13, 14].includes(sqliteCode(error)) || isDiskFull(error);
}

function sqliteCode(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

function conditions(query: HistoryQuery): { where: string; values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (sql: string, ...more: SQLInputValue[]) => {
    parts.push(sql);
    values.push(...more);
  };
  if (query.state) add(`state IN (${query.state.map(() => "?").join(", ")})`, ...query.state);
  for (const name of EQUAL) {
    const value = query[name];
    if (value !== undefined) add(`${columnOf(name)} = ?`, value);
  }
  if (query.chain !== undefined) add("chain = ?", query.chain);
  if (query.here !== undefined) {
    const begin = beginOf(query.here);
    add("substr(directory || '/', 1, ?) = ?", [...begin].length, begin);
  }
  if (query.parent === "none") add("parent IS NULL");
  else if (query.parent === "any") add("parent IS NOT NULL");
  else if (query.parent === "gone")
    add("parent IS NOT NULL AND parent NOT IN (SELECT id FROM operations)");
  else if (query.parent !== undefined) add("parent = ?", query.parent);
  if (query.q) add("instr(text, ?) > 0", query.q.toLowerCase());
  if (query.before !== undefined)
    add(query.order === "oldest" ? "position > ?" : "position < ?", query.before);
  if (query.finishedAfter !== undefined) add("finished_by > ?", query.finishedAfter);
  if (query.finishedSince !== undefined) add("finished >= ?", query.finishedSince);
  return { where: parts.length > 0 ? `WHERE ${parts.join(" AND ")}` : "", values };
}
