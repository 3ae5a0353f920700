/**
 * The store of one machine: one interface to the ledger, journal, state document and history in the
 * state directory.
 *
 * Only `decide` changes the state: journal first, then memory, then the bus. Reads search memory
 * first, then the sealed history.
 */
import { statfsSync } from "node:fs";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import type { ByState } from "../../protocol/watch.js";
import type { Bus } from "../bus.js";
import { type AttemptEvents, Checkpointing } from "./checkpointing.js";
import { type Decision, type Entry, idOf } from "./decision.js";
import { isDiskFull, isIoError } from "./durable-file.js";
import { History } from "./history.js";
import type { HistoryQuery } from "./history-query.js";
import { IdempotencyTombstones } from "./idempotency-tombstones.js";
import { Journal } from "./journal.js";
import type { Layout } from "./layout.js";
import { type Change, Ledger } from "./ledger.js";
import { journalSegments, numberOf, readJournal } from "./read-journal.js";
import { RECENT, Recent, StateCounts } from "./recent.js";
import { RewriteTimer } from "./rewrite-timer.js";
import { EMPTY } from "./state-document.js";
import { StateFile } from "./state-file.js";
import {
  type Archive,
  type Judged,
  type KeyUse,
  type Store,
  VersionConflictError,
} from "./store.js";
import { SubmittedSecrets } from "./submitted-secrets.js";

interface StoreOptions {
  layout: Layout;
  bus: Bus;
  attemptEvents: AttemptEvents;
  /** The record as everyone sees it. Default: as it is stored. */
  shown?: (entry: Entry) => Operation;
}

/** Free bytes above which a full disk has room again. */
const ROOM_BYTES = 1024 * 1024;

export class EmbeddedStore implements Store, Archive {
  readonly ledger = new Ledger();
  readonly problems: string[] = [];
  readonly tombstones: IdempotencyTombstones;
  readonly recent = new Recent(() => this.#newestFinished());
  readonly secrets: SubmittedSecrets;
  readonly archive: Archive = this;
  readonly #counts = new StateCounts();
  /** Approximate bytes of parameters and environment of queued operations. */
  queuedBytes = 0;
  #journal!: Journal<Decision>;
  #history!: History;
  readonly #file: StateFile;
  #rewriteTimer: RewriteTimer | null = null;
  /** The state document that the start found is older than the state, or there was none. */
  #isBehind = false;
  /**
   * Ids removed since the last checkpoint: until the history has the removals, only the journal has
   * them.
   */
  readonly removed = new Set<string>();
  /** Decisions that are being written, by operation. */
  readonly #inFlight = new Map<string, Promise<unknown>>();
  #checkpointing!: Checkpointing;
  /** The checkpoint in progress. */
  #checkpointRun: Promise<void> | null = null;

  constructor(private readonly options: StoreOptions) {
    this.tombstones = new IdempotencyTombstones();
    const { document, previousDocument } = options.layout;
    const { shown = ({ record }: Entry) => record } = options;
    this.#file = new StateFile(document, previousDocument, shown, () => {
      const [first] = journalSegments(options.layout.journal);
      return first === undefined ? null : numberOf(first);
    });
    this.secrets = new SubmittedSecrets(process.env.XDG_RUNTIME_DIR, options.layout.root);
  }

  /**
   * Loads the last daemon's state. Afterwards the ledger holds every live operation with all its
   * decisions applied.
   */
  async start(): Promise<void> {
    const { layout, attemptEvents } = this.options;
    const document = await this.#file.read();
    this.problems.push(...this.#file.problems);
    let isOpen = false;
    this.#history = new History(
      layout.history,
      (problem) => (isOpen ? this.options.bus.emit("problem", problem) : this.addProblem(problem)),
      () => [...this.ledger.entries.keys(), ...this.removed],
    );
    this.ledger.nextOrder = Math.max(document.nextOrder, this.#history.nextOrder);
    for (const entry of document.live) this.ledger.add(entry);
    for (const key of document.tombstones) this.tombstones.add(key);
    if (document.journal === 0 && this.#isDocumentGone())
      this.problems.push(
        `${layout.document} is missing: operations found only in it are lost, the journal restores the rest`,
      );
    const read = readJournal(layout.journal, document.journal);
    this.problems.push(...read.problems);
    for (const { n, value } of read.records) this.#replay(value as Decision, n);
    this.#isBehind = document === EMPTY || read.records.length > 0 || this.problems.length > 0;
    if (this.#file.isSalvaged) this.#dropOutdated();
    for (const [id, entry] of this.ledger.entries) {
      this.#takeEvents(entry);
      this.#history.forget(id);
    }
    const recount = () =>
      this.#counts.reset(this.#history.countsByState(), this.ledger.entries.values());
    recount();
    this.#history.onRebuilt = recount;
    isOpen = true;
    for (const { record, bytes } of this.ledger.entries.values())
      if (record.state === "queued") this.queuedBytes += bytes;
    this.#journal = new Journal<Decision>({
      dir: layout.journal,
      last: Math.max(read.last, lastVersion(document.live)),
      onDurable: (decision, n) => this.#apply(decision, n),
      onBroken: (error) => this.options.bus.emit("broken", error),
    });
    await this.#journal.start();
    this.problems.push(...attemptEvents.find((id) => this.ledger.get(id)));
    this.#checkpointing = new Checkpointing({
      layout,
      journal: this.#journal,
      ledger: this.ledger,
      history: this.#history,
      file: this.#file,
      recent: this.recent,
      removed: this.removed,
      tombstones: this.tombstones,
      counts: this.#counts,
      attemptEvents,
      onSealed: (id) => this.#noteForgotten(id),
    });
  }

  /** From now on, the state document is written again after each change. */
  begin(): void {
    this.#rewriteTimer = new RewriteTimer(this.options.bus, () => this.#rewrite());
    if (this.#isBehind) this.#rewriteTimer.changed();
  }

  async #rewrite(): Promise<number> {
    // `#runCheckpoint` has reported a failure.
    await this.checkpoint().catch(() => this.#rewriteTimer?.changed());
    return this.#file.busyMs;
  }

  decide(decision: Decision, version: number | null): Promise<void> {
    return this.decideAll([{ decision, version }]);
  }

  async decideAll(judged: readonly Judged[]): Promise<void> {
    const first = new Map<string, number | null>();
    for (const { decision, version } of judged)
      if (!first.has(idOf(decision))) first.set(idOf(decision), version);
    for (const [id, version] of first) {
      const earlier = this.#inFlight.get(id);
      if (earlier) await earlier.catch(() => {});
      if (earlier || this.#versionOf(id, version) !== version) throw new VersionConflictError(id);
    }
    const written = this.#journal.appendAll(judged.map(({ decision }) => decision));
    for (const id of first.keys()) this.#inFlight.set(id, written);
    try {
      await written;
    } finally {
      for (const id of first.keys())
        if (this.#inFlight.get(id) === written) this.#inFlight.delete(id);
    }
    if (this.#checkpointing.isDue()) void this.checkpoint().catch(() => {});
  }

  /**
   * The version of the operation, null if there is none. New ids are random: the history is not
   * asked for them.
   */
  #versionOf(id: string, judged: number | null): number | null {
    return (judged === null ? this.ledger.get(id) : this.find(id))?.version ?? null;
  }

  /** The entry in memory or in the history. */
  find(id: string): Entry | null {
    return this.ledger.get(id) ?? this.recent.get(id) ?? this.#history.read(id);
  }

  /**
   * The events of an attempt as the history keeps them, as text; null: they are elsewhere, or there
   * are none.
   */
  sealedEvents(id: string, attempt: number): string | null {
    const entry = this.ledger.get(id) ?? this.#history.read(id);
    return entry?.attemptEvents?.[attempt] ?? null;
  }

  /**
   * Whether the id belongs to an operation, or to an operation removed since the last checkpoint.
   */
  knows(id: string): boolean {
    return this.ledger.entries.has(id) || this.removed.has(id) || this.#history.has(id);
  }

  /**
   * Ids of removed operations, as far as journal and history still say so. Reads all of the
   * history.
   */
  removedIds(): Set<string> {
    return new Set([...this.#history.removedIds(), ...this.removed]);
  }

  byKey(key: string): KeyUse | null {
    const entry = this.ledger.keys.get(key) ?? this.#history.byKey(key);
    if (entry?.key) return { hash: entry.key.hash, id: entry.record.id, entry };
    const removed = this.tombstones.find(key);
    return removed && { hash: removed.hash, id: removed.id, entry: null };
  }

  /** Ids that start with the prefix, at most `limit`. */
  idsWithPrefix(prefix: string, limit: number): string[] {
    const ids = new Set<string>();
    for (const id of this.ledger.entries.keys()) if (id.startsWith(prefix)) ids.add(id);
    for (const id of this.#history.idsWithPrefix(prefix, limit)) ids.add(id);
    return [...ids].sort().slice(0, limit);
  }

  /** Newest first, unless the query has another order. */
  list(query: HistoryQuery, limit: number): Entry[] {
    const way = query.order === "oldest" ? 1 : -1;
    return [...this.ledger.list(query, limit), ...this.#history.list(query, limit)]
      .sort((a, b) => way * (a.order - b.order))
      .slice(0, limit);
  }

  count(query: HistoryQuery): number {
    return this.#history.count(query) + this.ledger.count(query);
  }

  /** Number of the last durable decision. */
  get journalNumber(): number {
    return this.#journal.last;
  }

  counts(parent?: "none"): ByState {
    return this.#counts.get(parent);
  }

  /** Expired sealed operations, as by `HistoryIndex.expired`. */
  expired(keep: number, cutoff: number, limit: number): string[] {
    return this.#history.expired(keep, cutoff, limit);
  }

  /** Checks whether the disk has room again; otherwise only a submit would find out. */
  probe(): void {
    if (this.freeBytes() > ROOM_BYTES) this.#journal.full = false;
  }

  /** Free bytes on the disk; 0 where the state directory was removed. */
  freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.options.layout.root);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return 0;
    }
  }

  get isFull(): boolean {
    return this.#journal.full;
  }

  /**
   * Seals finished operations, writes the state document, deletes the journal that they cover. An
   * I/O error breaks the store; on a full disk the next checkpoint does the work.
   */
  checkpoint(): Promise<void> {
    this.#checkpointRun ??= this.#runCheckpoint().finally(() => {
      this.#checkpointRun = null;
    });
    return this.#checkpointRun;
  }

  async #runCheckpoint(): Promise<void> {
    try {
      await this.#checkpointing.run();
    } catch (error) {
      if (isIoError(error)) this.#journal.break(error as Error);
      else if (!isDiskFull(error))
        this.addProblem(
          `${this.options.layout.document} could not be written: ${(error as Error).message}`,
        );
      throw error;
    }
  }

  /** Adds a problem to `liveopsd status`, once. */
  addProblem(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  /**
   * Milliseconds since the write of the current decisions began; 0 where none are being written.
   */
  get waitingMs(): number {
    return this.#journal.waitingMs;
  }

  async stop(): Promise<void> {
    await this.#rewriteTimer?.stop();
    // Where the checkpoint fails, the journal is kept and restores the same state.
    await this.checkpoint().catch(() => {});
    await this.#journal.stop();
    this.#history.close();
  }

  /** Whether a state document existed: the journal no longer has its first records. */
  #isDocumentGone(): boolean {
    if (this.#file.problems.length > 0) return false;
    const [first] = journalSegments(this.options.layout.journal);
    return first === undefined ? this.#history.count({}) > 0 : numberOf(first) > 1;
  }

  /** A finished operation that an older document leads to: its events are in the history alone. */
  #takeEvents(entry: Entry): void {
    if (!isFinal(entry.record.state)) return;
    const events = this.#history.read(entry.record.id)?.attemptEvents;
    if (events !== undefined) entry.attemptEvents = { ...events, ...entry.attemptEvents };
  }

  /** Drops salvaged operations that are older than their record in the history. */
  #dropOutdated(): void {
    for (const [id, { record }] of this.ledger.entries)
      if ((this.#history.read(id)?.record.seq ?? 0) >= record.seq) this.ledger.drop(id);
  }

  #replay(decision: Decision, n: number): void {
    const id = idOf(decision);
    // A salvaged operation may have it already.
    if (n <= (this.ledger.get(id)?.version ?? 0)) return;
    this.ledger.apply(decision, n);
    if (decision.kind === "removed") this.#forgetRemoved(decision);
  }

  #apply(decision: Decision, n: number): void {
    if (decision.kind === "removed") {
      this.#remove(decision);
      return;
    }
    if (decision.kind === "retried") this.#history.forget(decision.id);
    const changes = this.ledger.apply(decision, n);
    for (const change of changes) this.#account(change);
    this.options.bus.emit("decided", changes, decision, true);
  }

  #remove(decision: Extract<Decision, { kind: "removed" }>): void {
    const entry = this.find(decision.id);
    this.ledger.drop(decision.id);
    this.#forgetRemoved(decision);
    this.options.attemptEvents.forget(decision.id);
    if (!entry) return;
    const change = { id: decision.id, before: entry.record, after: null };
    this.#account(change);
    this.options.bus.emit("decided", [change], decision, true);
  }

  /**
   * Deletes the id from the history even for an operation in the ledger: a crash may have left a
   * sealed copy.
   */
  #forgetRemoved({ id, key }: Extract<Decision, { kind: "removed" }>): void {
    this.#history.forget(id);
    this.removed.add(id);
    if (key) this.tombstones.add({ ...key, id });
  }

  #account(change: Change): void {
    const { id, before, after, bytesBefore } = change;
    this.#counts.change(before, after);
    const bytes = this.ledger.get(id)?.bytes ?? 0;
    if (before?.state === "queued") this.queuedBytes -= bytesBefore ?? bytes;
    if (after?.state === "queued") this.queuedBytes += bytes;
    this.recent.delete(id);
    const entry = this.ledger.get(id);
    if (!after || !isFinal(after.state) || !entry) return;
    for (const dropped of this.recent.add(entry)) this.#noteForgotten(dropped);
  }

  #noteForgotten(id: string): void {
    if (!this.ledger.get(id) && !this.recent.get(id)) this.options.bus.emit("forgotten", id);
  }

  /** Oldest first. */
  #newestFinished(): Entry[] {
    const finished = [...this.ledger.entries.values()].filter((entry) =>
      isFinal(entry.record.state),
    );
    const newest = [...finished, ...this.#history.list({}, RECENT)].sort(
      (a, b) => a.order - b.order,
    );
    return newest.slice(-RECENT);
  }
}

function lastVersion(entries: Iterable<Entry>): number {
  let last = 0;
  for (const { version } of entries) last = Math.max(last, version);
  return last;
}
