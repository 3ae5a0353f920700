/**
 * The store of a fleet: its journal is a table of the engine, which every host follows.
 *
 * Each host applies all decisions, its own and those of others, to a ledger in memory. So what the daemon reads is the
 * same on all hosts, and a decision is judged against memory as on one machine. The engine refuses a decision that
 * another one overtook; then the ledger catches up, and the caller judges again.
 */
import { rmSync, statfsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Submission } from "../../../protocol/event.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import type { Counts } from "../../../protocol/watch.js";
import { type Decision, type Entry, idOf } from "../../store/decision.js";
import { type Layout, runDir } from "../../store/layout.js";
import { type Change, Ledger } from "../../store/ledger.js";
import { StoreFullError } from "../../store/not-recorded.js";
import { RECENT, Recent, StateCounts } from "../../store/recent.js";
import { type Judged, KeyUsedError, type Store, VersionConflictError } from "../../store/store.js";
import { SubmittedSecrets } from "../../store/submitted-secrets.js";
import {
  FencedError,
  FleetError,
  KeyTakenError,
  VersionConflictError as OvertakenError,
} from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { DecisionRow } from "../engine/rows.js";
import { itemsOf } from "./append-item.js";
import { Appends } from "./appends.js";
import { FleetArchive } from "./fleet-archive.js";
import { FleetPayloads } from "./fleet-payloads.js";
import { applyRows, completed, orderOf, takenOver } from "./fold.js";
import { Tail } from "./tail.js";
import { asStoreError, RunsElsewhereError } from "./unavailable.js";
import { WaitedFor } from "./waited-for.js";

export interface FleetStoreOptions {
  layout: Layout;
  engine: FleetEngine;
  /** A decision is durable and applied. `isOwn`: this host made it. */
  onChange(changes: Change[], decision: Decision, isOwn: boolean): void;
  /** A finished operation left memory. */
  onForget(id: string): void;
  /** Called before a decision is applied. */
  before(decision: Decision, isOwn: boolean): Promise<void>;
  /** Whether this host may end the attempt of the entry; otherwise it takes the operation over. */
  isOwn(entry: Entry): boolean;
  /** Another host ended an attempt of this one, maybe long ago. */
  onTakenOver(id: string, attempt: number): void;
  /** Name of this host; null: a client that runs nothing. */
  host: string | null;
  /** The engine answers. `settings`, `types`: grow with each change. */
  onSettings(settings: number, types: number): void;
  /** The engine may have lost writes. The journal goes on when this resolves. */
  onLostWrites(): Promise<void>;
  onError(error: Error): void;
  /** Whether the engine is known not to answer. */
  isAway(): boolean;
}

/** How long a finish waits before the next try where another host is taking the operation over, in ms. */
const TAKEOVER_MS = 250;

export class FleetStore implements Store {
  readonly ledger = new Ledger(orderOf);
  readonly recent = new Recent(() => this.#newestFinished());
  readonly archive: FleetArchive;
  readonly payloads: FleetPayloads;
  readonly secrets: SubmittedSecrets;
  readonly problems: string[] = [];
  queuedBytes = 0;
  readonly #counts = new StateCounts();
  readonly #appends: Appends;
  #tail!: Tail;
  #isDiskFull = false;
  readonly #waitedFor = new WaitedFor();
  #unhear = () => {};

  constructor(private readonly options: FleetStoreOptions) {
    const { layout, engine } = options;
    this.secrets = new SubmittedSecrets(process.env.XDG_RUNTIME_DIR, layout.root);
    this.payloads = new FleetPayloads(
      layout.payloads,
      (error) => {
        this.#isDiskFull = error instanceof StoreFullError || this.#isDiskFull;
      },
      engine,
    );
    this.archive = new FleetArchive(
      engine,
      this.ledger,
      this.#waitedFor,
      this.payloads,
      options.isAway,
      () => this.#tail.catchUp(),
      (rows) => this.#findTakenOver(rows),
    );
    this.#appends = new Appends(engine, () => this.#tail.kick());
  }

  /** Loads the live operations and the newest finished ones, and follows the journal from there. */
  async start(): Promise<void> {
    const { engine, onSettings, onLostWrites, onError } = this.options;
    this.payloads.start();
    const { head, rows, counts } = await engine.snapshot(RECENT);
    applyRows(this.ledger, rows);
    this.#findTakenOver(rows);
    await this.#holdAll(this.ledger.entries.values(), head);
    this.#count(counts);
    // Loaded now: later it would miss operations that leave memory at the first decision.
    this.recent.values();
    this.#tail = new Tail({
      engine,
      from: head,
      apply: (row) => this.#apply(row),
      onSettings,
      onLostWrites,
      onError,
    });
    this.#unhear = engine.onHint((hint) => {
      if ("settings" in hint || ("n" in hint && hint.n > this.#tail.applied)) this.#tail.kick();
    });
  }

  /** Loads the state of the engine anew, after it lost writes and the hosts have told what they know. */
  reload(): Promise<void> {
    return this.#tail.reset(async () => {
      const { head, rows, counts } = await this.options.engine.snapshot(RECENT);
      const fresh = new Ledger(orderOf);
      applyRows(fresh, rows);
      const missing = [...this.ledger.entries.keys()].filter((id) => !fresh.get(id));
      const older = new Set((await this.options.engine.operations(missing)).map(({ id }) => id));
      await this.#holdAll(fresh.entries.values(), head);
      // From here on in one turn: nobody sees a part of it.
      for (const entry of [...this.ledger.entries.values()]) this.#renew(entry, fresh, older);
      for (const entry of fresh.entries.values())
        if (!this.ledger.get(entry.record.id)) this.#replace(null, entry);
      this.#count(counts);
      return head;
    });
  }

  /** Attempts of this host that another one ended while no daemon ran here. */
  #findTakenOver(rows: Iterable<DecisionRow>): void {
    const { host, onTakenOver } = this.options;
    if (host !== null) for (const { id, attempt } of takenOver(rows, host)) onTakenOver(id, attempt);
  }

  /** @param older finished operations that are not among the newest any more */
  #renew(entry: Entry, fresh: Ledger, older: ReadonlySet<string>): void {
    const { id } = entry.record;
    const now = fresh.get(id);
    if (now && isSameRun(entry, now)) this.#keepRun(entry, now);
    else if (now) {
      if (!isDeepStrictEqual(entry, now)) this.#replace(entry, now);
    } else if (older.has(id) && isFinal(entry.record.state)) {
      this.recent.delete(id);
      this.#leave(id);
    } else this.#replace(entry, undefined);
  }

  /** The attempt that runs here holds its entry: it stays. A cancel that this host did not know of is announced. */
  #keepRun(entry: Entry, now: Entry): void {
    const { id, attempt } = entry.record;
    const { stopReason: reason, stopRequestedAt: at } = now.run!;
    entry.version = now.version;
    if (reason === null || entry.run!.stopReason !== null) return;
    const event = { type: "cancel:requested", seq: 0, at: at!, attempt, reason } as const;
    const decision: Decision = { kind: "cancelled", id, event };
    this.#announce(this.ledger.apply(decision, now.version), decision, false);
  }

  #replace(before: Entry | null, after: Entry | undefined): void {
    const id = (before ?? after)!.record.id;
    // What waits in a queue leaves its place by the entry that it came with.
    const isGone = before !== null && (!after || before.record.state === "queued");
    if (isGone) {
      const removed: Decision = { kind: "removed", id, key: null, state: before.record.state };
      this.#announce([{ id, before: before.record, after: null }], removed, false);
    }
    this.ledger.drop(id);
    this.archive.forget(id);
    this.recent.delete(id);
    if (!after) return;
    this.ledger.add(after);
    const change = { id, before: isGone ? null : (before?.record ?? null), after: after.record };
    this.#account(change);
    this.#announce([change], { kind: "restored", id, entry: after }, false);
  }

  #count(counts: Counts): void {
    this.#counts.reset(counts, []);
    this.queuedBytes = 0;
    for (const { record, bytes } of this.ledger.entries.values())
      if (record.state === "queued") this.queuedBytes += bytes;
  }

  /** Begins to announce decisions. */
  follow(): void {
    this.#tail.start();
  }

  /** There may be new decisions. */
  kick(): void {
    this.#tail.kick();
  }

  /** Resolves when decision `n` is applied. */
  until(n: number): Promise<void> {
    return this.#tail.until(n);
  }

  decide(decision: Decision, version: number | null): Promise<void> {
    return this.decideAll([{ decision, version }]);
  }

  async decideAll(judged: readonly Judged[]): Promise<void> {
    const items = itemsOf(judged, (id) => this.archive.peek(id), this.options.isOwn);
    try {
      await this.#tail.until(await this.#appends.add(items));
    } catch (error) {
      throw await this.#refused(error, judged);
    }
  }

  find(id: string): Entry | null {
    return this.archive.peek(id);
  }

  get journalNumber(): number {
    return this.#tail.applied;
  }

  get isFull(): boolean {
    return this.#isDiskFull;
  }

  get waitingMs(): number {
    return this.#appends.waitingMs;
  }

  counts(): Counts {
    return this.#counts.get();
  }

  probe(): void {
    if (this.freeBytes() > 1024 * 1024) this.#isDiskFull = false;
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.options.layout.root);
    return bavail * bsize;
  }

  addProblem(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  whenReleased(work: () => void): void {
    work();
  }

  async stop(): Promise<void> {
    this.#unhear();
    await this.#tail.stop();
  }

  /** What the caller gets. Where it judges again, the ledger has caught up before. */
  async #refused(error: unknown, judged: readonly Judged[]): Promise<Error> {
    if (error instanceof KeyTakenError) {
      await this.#tail.catchUp().catch(() => {});
      return new KeyUsedError(error.id);
    }
    if (!(error instanceof OvertakenError || error instanceof FencedError)) return asStoreError(error);
    const { id } = error;
    if (error instanceof FencedError) await new Promise((resolve) => setTimeout(resolve, TAKEOVER_MS));
    try {
      await this.#tail.catchUp();
    } catch (away) {
      return asStoreError(away);
    }
    this.archive.forget(id);
    // Without a newer decision, the same judgement would be made for as long as the other host runs the operation.
    const version = judged.find(({ decision }) => idOf(decision) === id)?.version;
    if (error instanceof FencedError && this.ledger.get(id)?.version === version)
      return new RunsElsewhereError(id);
    return new VersionConflictError(id);
  }

  /**
   * Rejects, before anything is changed, where the engine does not answer. Any other error is reported, and the journal
   * goes on: one decision must not keep this host from all others.
   */
  async #apply(row: DecisionRow): Promise<void> {
    const decision = completed(row.decision);
    const isOwn = row.origin === this.options.host;
    await this.#guarded(row, () => this.#hold(waiterIn(decision, this.ledger), row.n));
    await this.#guarded(row, () => this.options.before(decision, isOwn));
    await this.#guarded(row, () => this.#rewind(decision, row.n));
    try {
      this.#announce(this.#change(decision, row.n), decision, isOwn);
      if (decision.kind === "removed" && !isOwn) this.#removeFiles(decision.id);
    } catch (error) {
      this.#report(row, error as Error);
    }
  }

  /**
   * This host has read more of an attempt than the fleet counts: its own files, of which not all was shipped before
   * another host took over. The record would ignore the next events, so it is made anew of the decisions.
   */
  async #rewind(decision: Decision, n: number): Promise<void> {
    if (decision.kind !== "requeued" && decision.kind !== "finished") return;
    const { id, event } = decision;
    const entry = this.ledger.get(id);
    if (!entry || event.seq > entry.record.seq) return;
    const fresh = await this.archive.asOf(id, n - 1);
    if (fresh === null) return;
    this.ledger.drop(id);
    this.ledger.add(fresh);
  }

  /** Applies the decision. Returns what changed. */
  #change(decision: Decision, n: number): Change[] {
    const id = idOf(decision);
    if (decision.kind === "removed") return [this.#remove(decision)];
    this.archive.forget(id);
    this.#waitedFor.forget(id);
    const changes = this.ledger.apply(decision, n);
    for (const change of changes) this.#account(change);
    return changes;
  }

  /** Counts and watchers are those of the whole fleet: an operation that is not in memory counts too. */
  #remove({ id, state }: Extract<Decision, { kind: "removed" }>): Change {
    const before = this.archive.peek(id)?.record ?? null;
    this.ledger.drop(id);
    this.recent.delete(id);
    this.#waitedFor.release(id);
    this.#waitedFor.forget(id);
    this.archive.removed(id);
    this.#counts.change({ state: before?.state ?? state }, null);
    return { id, before, after: null };
  }

  async #guarded(row: DecisionRow, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof FleetError) throw error;
      this.#report(row, error as Error);
    }
  }

  #report({ n, id, decision: { kind } }: DecisionRow, error: Error): void {
    this.addProblem(
      `decision ${n} of the fleet (${id} ${kind}) was not handled completely: ${error.message}; restart the daemon: liveopsd restart`,
    );
    this.options.onError(error);
  }

  #announce(changes: Change[], decision: Decision, isOwn: boolean): void {
    if (changes.length > 0) this.options.onChange(changes, decision, isOwn);
  }

  /** Another host has removed the operation: removes what this host has of it. */
  #removeFiles(id: string): void {
    rmSync(runDir(this.options.layout, id), { recursive: true, force: true });
    this.payloads.remove({ id, omitted: { params: 0, result: 0 } });
    this.secrets.delete(id);
  }

  /** What a queued operation waits for stays in memory. @param n the state of the links is that after decision `n` */
  #hold(waiter: Operation | Submission | null, n: number): Promise<void> {
    if (waiter === null) return Promise.resolve();
    return this.#waitedFor.hold(
      waiter,
      (id) => this.archive.peek(id),
      (id) => this.archive.asOf(id, n),
    );
  }

  async #holdAll(entries: Iterable<Entry>, n: number): Promise<void> {
    for (const { record } of entries) if (record.state === "queued") await this.#hold(record, n);
  }

  #account({ id, before, after, bytesBefore }: Change): void {
    this.#counts.change(before, after);
    const entry = this.ledger.get(id);
    const bytes = entry?.bytes ?? 0;
    if (before?.state === "queued") this.queuedBytes -= bytesBefore ?? bytes;
    if (after?.state === "queued") this.queuedBytes += bytes;
    else this.#waitedFor.release(id);
    this.recent.delete(id);
    if (!after || !isFinal(after.state) || !entry) return;
    for (const dropped of this.recent.add(entry)) this.#leave(dropped);
  }

  /** A finished operation leaves memory. */
  #leave(id: string): void {
    const entry = this.ledger.get(id);
    if (!entry) return;
    this.ledger.drop(id);
    this.#waitedFor.dropped(entry);
    this.options.onForget(id);
  }

  /** Oldest first. */
  #newestFinished(): Entry[] {
    return [...this.ledger.entries.values()]
      .filter(({ record }) => isFinal(record.state))
      .sort((a, b) => a.order - b.order)
      .slice(-RECENT);
  }
}

/** The operation that the decision queues, which may wait for others. */
function waiterIn(decision: Decision, ledger: Ledger): Operation | Submission | null {
  switch (decision.kind) {
    case "submitted":
      return decision.event.operation;
    case "retried":
    case "restored":
      return decision.entry.record;
    case "requeued":
      return ledger.get(decision.id)?.record ?? null;
    case "finished":
      return decision.successor?.submitted.event.operation ?? null;
    default:
      return null;
  }
}

/** Whether two entries of a running operation are of the same attempt. */
function isSameRun({ record, run }: Entry, now: Entry): boolean {
  const isRunning = record.state === "running" && now.record.state === "running";
  return isRunning && record.attempt === now.record.attempt && run?.claim?.fence === now.run?.claim?.fence;
}
