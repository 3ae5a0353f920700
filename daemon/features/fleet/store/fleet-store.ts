/**
 * The store of a fleet: its journal is a table of the engine, which every host follows.
 *
 * Each host applies all decisions, its own and those of others, to a ledger in memory. So what the
 * daemon reads is the same on all hosts, and a decision is judged against memory as on one machine.
 * The engine refuses a decision that another one overtook; then the ledger catches up, and the
 * caller judges again.
 */
import { rmSync, statfsSync } from "node:fs";
import type { ByState } from "../../../../protocol/watch.js";
import type { Bus } from "../../../bus.js";
import { type Decision, type Entry, idOf } from "../../../store/decision.js";
import { type Layout, runDir } from "../../../store/layout.js";
import { type Change, Ledger } from "../../../store/ledger.js";
import { NotRecordedError } from "../../../store/not-recorded.js";
import { RECENT, type Recent } from "../../../store/recent.js";
import {
  type Judged,
  KeyUsedError,
  type Store,
  VersionConflictError,
} from "../../../store/store.js";
import { SubmittedSecrets } from "../../../store/submitted-secrets.js";
import {
  BehindError,
  FencedError,
  FleetError,
  KeyTakenError,
  OvertakenError,
  RunsElsewhereError,
} from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { Claimed, ClaimRequest, DecisionRow, FencedPiece, Head } from "../engine/rows.js";
import { itemsOf } from "./append-item.js";
import { Exchanges } from "./exchanges.js";
import { FleetArchive } from "./fleet-archive.js";
import { FleetMemory } from "./fleet-memory.js";
import { applyRows, completed, orderOf, takenOver } from "./fold.js";
import { Tail } from "./tail.js";
import { type Waiter, waiterIn } from "./waited-for.js";

export interface FleetStoreOptions {
  layout: Layout;
  engine: FleetEngine;
  bus: Bus;
  /** Called before a decision is applied. */
  before(decision: Decision, isOwn: boolean): Promise<void>;
  /** Whether this host may end the attempt of the entry; otherwise it takes the operation over. */
  isOwn(entry: Entry): boolean;
  /** The last lines of an attempt of this host that ends, which go with the decision. */
  lastPieces(id: string): readonly FencedPiece[];
  /**
   * The engine did not take the last lines of an attempt. `isFenced`: the attempt is not this
   * host's any more.
   */
  onLinesRefused(id: string, isFenced: boolean): void;
  /** Another host ended an attempt of this one, maybe long ago. */
  onTakenOver(id: string, attempt: number): void;
  /** Name of this host. */
  host: string;
  /** The engine answers. */
  onHead(head: Head): void;
  /** The engine may have lost writes. The journal goes on when this resolves. */
  onLostWrites(): Promise<void>;
  isReloading(): boolean;
  onError(error: Error): void;
  /** Whether the engine is known not to answer. */
  isAway(): boolean;
}

/**
 * How long a finish waits before the next try where another host is taking the operation over, in
 * ms.
 */
const TAKEOVER_MS = 250;

export class FleetStore implements Store {
  readonly ledger: Ledger;
  readonly recent: Recent;
  readonly archive: FleetArchive;
  readonly secrets: SubmittedSecrets;
  readonly problems: string[] = [];
  readonly #memory: FleetMemory;
  readonly #exchanges: Exchanges;
  #tail!: Tail;
  #unhear = () => {};

  constructor(private readonly options: FleetStoreOptions) {
    const { layout, engine } = options;
    this.#memory = new FleetMemory({
      archive: () => this.archive,
      onForget: (id) => options.bus.emit("forgotten", id),
      onReplaced: (changes, decision) => this.#announce(changes, decision, false, null),
    });
    this.ledger = this.#memory.ledger;
    this.recent = this.#memory.recent;
    this.secrets = new SubmittedSecrets(process.env.XDG_RUNTIME_DIR, layout.root);
    this.archive = new FleetArchive(
      engine,
      this.ledger,
      this.#memory.waitedFor,
      options.isAway,
      () => this.#tail.catchUp(),
      (rows) => this.#findTakenOver(rows),
    );
    this.#exchanges = new Exchanges((sent) =>
      this.#tail.exchange((after) => engine.exchange({ ...sent, after })),
    );
  }

  /** Loads the live operations and the newest finished ones, and follows the journal from there. */
  async start(): Promise<Head> {
    const { engine, onHead, onLostWrites, isReloading, onError } = this.options;
    const snapshot = await engine.snapshot(RECENT);
    const { head, rows, counts } = snapshot;
    applyRows(this.ledger, rows);
    this.#findTakenOver(rows);
    await this.#holdAll(this.ledger.entries.values(), head);
    this.#memory.begin(counts);
    this.#tail = new Tail({
      engine,
      from: head,
      apply: (row) => this.#apply(row),
      onHead,
      onLostWrites,
      isReloading,
      onError,
    });
    this.#unhear = engine.onHint((hint) => {
      if ("n" in hint) this.#tail.hear(hint.n);
      else if ("settings" in hint) this.#tail.kick();
    });
    return snapshot;
  }

  /** Loads the state of the engine anew, after it lost writes and all hosts have offered. */
  reload(): Promise<void> {
    return this.#tail.reset(async () => {
      const { head, rows, counts } = await this.options.engine.snapshot(RECENT);
      const fresh = new Ledger(orderOf);
      applyRows(fresh, rows);
      const missing = [...this.ledger.entries.keys()].filter((id) => !fresh.get(id));
      const older = await this.options.engine.existing(missing);
      await this.#holdAll(fresh.entries.values(), head);
      this.#memory.renew(fresh, older, counts);
      return head;
    });
  }

  /** Attempts of this host that another one ended while no daemon ran here. */
  #findTakenOver(rows: Iterable<DecisionRow>): void {
    const { host, onTakenOver } = this.options;
    for (const { id, attempt } of takenOver(rows, host)) onTakenOver(id, attempt);
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
    const { isOwn, lastPieces } = this.options;
    const items = itemsOf(judged, { find: (id) => this.archive.peek(id), isOwn, lastPieces });
    const n = await this.#exchanges.append(items).catch(async (error: Error) => {
      throw await this.#refused(error, judged);
    });
    await this.#tail.until(n);
  }

  /** Takes queued operations for free workers of this host. @throws the errors of the engine */
  claim(request: ClaimRequest): Promise<Claimed[]> {
    return this.#exchanges.claim(request);
  }

  find(id: string): Entry | null {
    return this.archive.peek(id);
  }

  get queuedBytes(): number {
    return this.#memory.queuedBytes;
  }

  get journalNumber(): number {
    return this.#tail.applied;
  }

  /** The engine keeps what is recorded. */
  readonly isFull = false;

  get waitingMs(): number {
    return this.#exchanges.waitingMs;
  }

  counts(parent?: "none"): ByState {
    return this.#memory.counts(parent);
  }

  probe(): void {}

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.options.layout.root);
    return bavail * bsize;
  }

  addProblem(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  async stop(): Promise<void> {
    this.#unhear();
    await this.#tail.stop();
  }

  /** What the caller gets. Where it judges again, the ledger has caught up before. */
  async #refused(error: Error, judged: readonly Judged[]): Promise<Error> {
    if (error instanceof KeyTakenError) {
      await this.#tail.catchUp().catch(() => {});
      return new KeyUsedError(error.id);
    }
    const isFenced = error instanceof FencedError;
    if (isFenced || error instanceof BehindError) this.options.onLinesRefused(error.id, isFenced);
    if (!(error instanceof OvertakenError || isFenced)) return error;
    const { id } = error;
    if (isFenced) await new Promise((resolve) => setTimeout(resolve, TAKEOVER_MS));
    await this.#tail.catchUp();
    this.archive.forget(id);
    // Without a newer decision, the same judgement would be made for as long as the other host runs
    // the operation.
    const version = judged.find(({ decision }) => idOf(decision) === id)?.version;
    if (isFenced && this.ledger.get(id)?.version === version) return new RunsElsewhereError(id);
    return new VersionConflictError(id);
  }

  /**
   * Rejects, before anything is changed, where the engine does not answer. Any other error is
   * reported, and the journal goes on: one decision must not keep this host from all others.
   */
  async #apply(row: DecisionRow): Promise<void> {
    const decision = completed(row.decision);
    const isOwn = row.origin === this.options.host;
    await this.#guarded(row, () => this.#hold(waiterIn(decision, this.ledger), row.n));
    await this.#guarded(row, () => this.options.before(decision, isOwn));
    await this.#guarded(row, () => this.#rewind(decision, row.n));
    try {
      const changes = this.#memory.apply(decision, row.n);
      this.#announce(changes, decision, isOwn, row.n);
      if (decision.kind === "removed" && !isOwn) this.#removeFiles(decision.id);
    } catch (error) {
      this.#report(row.n, decision, error as Error);
    }
  }

  /**
   * This host has read more of an attempt than the fleet counts: its own files, of which not all
   * was shipped before another host took over. The record would ignore the next events, so it is
   * made anew of the decisions.
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

  async #guarded(row: DecisionRow, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof NotRecordedError || error instanceof FleetError) throw error;
      this.#report(row.n, row.decision, error as Error);
    }
  }

  /** @param n null: the decision stands for a difference of a state that was loaded anew */
  #report(n: number | null, decision: Decision, error: Error): void {
    const name = n === null ? "a decision" : `decision ${n}`;
    this.addProblem(
      `${name} of the fleet (${idOf(decision)} ${decision.kind}) was not handled completely: ${error.message}; restart the daemon: liveops restart`,
    );
    this.options.onError(error);
  }

  #announce(changes: Change[], decision: Decision, isOwn: boolean, n: number | null): void {
    if (changes.length === 0) return;
    try {
      this.options.bus.emit("decided", changes, decision, isOwn);
    } catch (error) {
      this.#report(n, decision, error as Error);
    }
  }

  /** Another host has removed the operation: removes what this host has of it. */
  #removeFiles(id: string): void {
    rmSync(runDir(this.options.layout, id), { recursive: true, force: true });
    this.secrets.delete(id);
  }

  /**
   * What a queued operation waits for stays in memory. @param n the state of the links is that
   * after decision `n`
   */
  #hold(waiter: Waiter | null, n: number): Promise<void> {
    if (waiter === null) return Promise.resolve();
    return this.#memory.waitedFor.hold(
      waiter,
      (id) => this.archive.peek(id),
      (id) => this.archive.asOf(id, n),
    );
  }

  async #holdAll(entries: Iterable<Entry>, n: number): Promise<void> {
    for (const { record } of entries) if (record.state === "queued") await this.#hold(record, n);
  }
}
