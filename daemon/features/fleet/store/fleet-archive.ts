/**
 * All operations of the fleet. The engine finds and lists them; the newest state of those in memory
 * comes from memory.
 *
 * While the engine is away, the archive knows what is in memory: the live operations and the newest
 * finished ones.
 */
import { Refusal } from "../../../../protocol/errors.js";
import type { Entry } from "../../../store/decision.js";
import type { HistoryQuery } from "../../../store/history-query.js";
import type { Ledger } from "../../../store/ledger.js";
import type { Archive, KeyUse } from "../../../store/store.js";
import { EngineAwayError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { DecisionRow } from "../engine/rows.js";
import { foldEntry } from "./fold.js";
import type { WaitedFor } from "./waited-for.js";

/** Finished operations that were asked for and are kept in memory. */
const MOST_KEPT = 2000;

export class FleetArchive implements Archive {
  readonly #kept = new Map<string, Entry>();
  /** Operations that were removed a short time ago, the last one last. */
  readonly #removed = new Set<string>();
  /** For each read that is under way: operations about which a decision was applied meanwhile. */
  readonly #overtaken = new Set<Set<string>>();

  constructor(
    private readonly engine: FleetEngine,
    private readonly ledger: Ledger,
    private readonly waitedFor: WaitedFor,
    /** Whether the engine is known not to answer. */
    private readonly isAway: () => boolean,
    /** Resolves when the ledger has all that the engine has now. */
    private readonly catchUp: () => Promise<void>,
    /** Decisions that the daemon has not seen since its start. */
    private readonly onRead: (rows: Iterable<DecisionRow>) => void,
  ) {}

  /** An operation in memory. */
  peek(id: string): Entry | null {
    return this.ledger.get(id) ?? this.waitedFor.get(id) ?? this.#kept.get(id) ?? null;
  }

  /** Another decision about the operation was made: what is kept of it is old. */
  forget(id: string): void {
    this.#kept.delete(id);
    this.#removed.delete(id);
    for (const overtaken of this.#overtaken) overtaken.add(id);
  }

  /** The operation was removed. */
  removed(id: string): void {
    this.forget(id);
    this.#removed.add(id);
    for (const oldest of this.#removed) {
      if (this.#removed.size <= MOST_KEPT) break;
      this.#removed.delete(oldest);
    }
  }

  async find(id: string): Promise<Entry | null> {
    return this.peek(id) ?? this.#readNewest(id);
  }

  async knows(id: string): Promise<boolean> {
    return this.#removed.has(id) || (await this.find(id)) !== null;
  }

  /** An operation as decision `n` left it, by the engine. @throws the errors of the engine */
  async asOf(id: string, n: number): Promise<Entry | null> {
    const rows = (await this.engine.decisionsOf([id])).get(id) ?? [];
    this.onRead(rows);
    return foldEntry(
      id,
      rows.filter((row) => row.n <= n),
    );
  }

  async byKey(key: string): Promise<KeyUse | null> {
    const used = await this.engine.queries.idsByKey([key]).catch((error: unknown) => {
      throw asRefusal(error);
    });
    const use = used.get(key);
    if (use === undefined) return null;
    const { id, hash, isRemoved } = use;
    return { id, hash, entry: isRemoved ? null : await this.find(id) };
  }

  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return this.#orFromMemory(
      () => this.engine.queries.idsWithPrefix(prefix, limit),
      () =>
        [...this.ledger.entries.keys()]
          .filter((id) => id.startsWith(prefix))
          .sort()
          .slice(0, limit),
    );
  }

  async list(query: HistoryQuery, limit: number): Promise<Entry[]> {
    const ids = await this.#orFromMemory(
      () => this.engine.queries.list(query, limit),
      () => this.ledger.list(query, limit).map(({ record }) => record.id),
    );
    // What is read takes the place of what was kept, maybe of this very page.
    const known = new Map(ids.map((id) => [id, this.peek(id)]));
    const missing = ids.filter((id) => known.get(id) === null);
    const read = missing.length === 0 ? new Map<string, Entry>() : await this.#read(missing);
    return ids.flatMap((id) => this.peek(id) ?? read.get(id) ?? known.get(id) ?? []);
  }

  count(query: HistoryQuery): Promise<number> {
    return this.#orFromMemory(
      () => this.engine.queries.count(query),
      () => this.ledger.count(query),
    );
  }

  expired(keep: number, cutoff: number, limit: number): Promise<string[]> {
    return this.#orFromMemory(
      () => this.engine.queries.expired(keep, cutoff, limit),
      () => [],
    );
  }

  /**
   * A live operation that another host has just submitted: who asks for it next finds it in the
   * ledger.
   */
  async #readNewest(id: string): Promise<Entry | null> {
    const entry = (await this.#read([id])).get(id) ?? null;
    if (entry === null || entry.finishedBy > 0) return entry;
    await this.catchUp().catch(() => {});
    return this.peek(id) ?? entry;
  }

  async #read(ids: readonly string[]): Promise<Map<string, Entry>> {
    const overtaken = new Set<string>();
    this.#overtaken.add(overtaken);
    try {
      const rows = await this.engine.decisionsOf([...ids]);
      const found = new Map<string, Entry>();
      for (const each of rows.values()) this.onRead(each);
      for (const id of ids) {
        const entry = foldEntry(id, rows.get(id) ?? []);
        if (entry === null) continue;
        found.set(id, entry);
        // A live operation belongs to the ledger, which may not have it yet.
        if (entry.finishedBy > 0 && !overtaken.has(id)) this.#keep(id, entry);
      }
      return found;
    } catch (error) {
      throw asRefusal(error);
    } finally {
      this.#overtaken.delete(overtaken);
    }
  }

  #keep(id: string, entry: Entry): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(id, entry);
  }

  async #orFromMemory<T>(ask: () => Promise<T>, memory: () => T): Promise<T> {
    if (this.isAway()) return memory();
    try {
      return await ask();
    } catch (error) {
      if (error instanceof EngineAwayError) return memory();
      throw error;
    }
  }
}

function asRefusal(error: unknown): Error {
  if (!(error instanceof EngineAwayError)) return error as Error;
  return new Refusal(
    "LIVEOPS_ENGINE_AWAY",
    `${error.message}; only operations that are in the daemon's memory can be read; try again when the engine is back`,
  );
}
