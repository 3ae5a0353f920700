/**
 * The store of a fleet: its journal is a table of the engine, which every host follows.
 *
 * Each host applies all decisions, its own and those of others, to a ledger in memory. So what the daemon reads is the
 * same on all hosts, and a decision is judged against memory as on one machine. The engine refuses a decision that
 * another one overtook; then the ledger catches up, and the caller judges again.
 */
import { statfsSync } from "node:fs";
import { isFinal } from "../../../protocol/state.js";
import type { Counts } from "../../../protocol/watch.js";
import { type Decision, type Entry, idOf } from "../../store/decision.js";
import type { Layout } from "../../store/layout.js";
import { type Change, Ledger } from "../../store/ledger.js";
import { StoreFullError } from "../../store/not-recorded.js";
import { RECENT, Recent, StateCounts } from "../../store/recent.js";
import { type Judged, KeyUsedError, type Store, VersionConflictError } from "../../store/store.js";
import { SubmittedSecrets } from "../../store/submitted-secrets.js";
import { FencedError, KeyTakenError, VersionConflictError as OvertakenError } from "../engine/errors.js";
import type { FleetEngine } from "../engine/fleet-engine.js";
import type { DecisionRow } from "../engine/rows.js";
import { itemsOf } from "./append-item.js";
import { Appends } from "./appends.js";
import { FleetArchive } from "./fleet-archive.js";
import { FleetPayloads } from "./fleet-payloads.js";
import { applyRows, completed, foldEntry, orderOf, takenOver } from "./fold.js";
import { Tail } from "./tail.js";
import { asStoreError } from "./unavailable.js";

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
    this.#counts.reset(counts, []);
    for (const { record, bytes } of this.ledger.entries.values())
      if (record.state === "queued") this.queuedBytes += bytes;
    this.#tail = new Tail({
      engine,
      from: head,
      apply: (row) => this.#apply(row),
      onSettings,
      onLostWrites,
      onError,
    });
  }

  /** Loads the state of the engine anew, after it lost writes and the hosts have told what they know. */
  async reload(): Promise<void> {
    const { head, rows, counts } = await this.options.engine.snapshot(RECENT);
    const fresh = new Ledger(orderOf);
    applyRows(fresh, rows);
    for (const entry of [...this.ledger.entries.values()]) {
      const { id } = entry.record;
      const now = fresh.get(id);
      // The attempt that runs here holds its entry: it stays.
      if (now && isSameRun(entry, now)) entry.version = now.version;
      else this.#replace(entry, now);
    }
    for (const entry of fresh.entries.values())
      if (!this.ledger.get(entry.record.id)) this.#replace(null, entry);
    this.#counts.reset(counts, []);
    this.#tail.reset(head);
  }

  /** Attempts of this host that another one ended while no daemon ran here. */
  #findTakenOver(rows: Iterable<DecisionRow>): void {
    const { host, onTakenOver } = this.options;
    if (host !== null) for (const { id, attempt } of takenOver(rows, host)) onTakenOver(id, attempt);
  }

  #replace(before: Entry | null, after: Entry | undefined): void {
    const id = (before ?? after)!.record.id;
    this.ledger.drop(id);
    if (after) this.ledger.add(after);
    this.archive.forget(id);
    const change = { id, before: before?.record ?? null, after: after?.record ?? null };
    this.#account(change);
    const decision: Decision = after
      ? { kind: "restored", id, entry: after }
      : { kind: "removed", id, key: null };
    this.options.onChange([change], decision, false);
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
      throw await this.#refused(error);
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
    await this.#tail.stop();
  }

  /** What the caller gets. Where it judges again, the ledger has caught up before. */
  async #refused(error: unknown): Promise<Error> {
    if (error instanceof KeyTakenError) {
      await this.#tail.catchUp().catch(() => {});
      return new KeyUsedError(error.id);
    }
    if (!(error instanceof OvertakenError || error instanceof FencedError)) return asStoreError(error);
    if (error instanceof FencedError) await new Promise((resolve) => setTimeout(resolve, TAKEOVER_MS));
    try {
      await this.#tail.catchUp();
    } catch (away) {
      return asStoreError(away);
    }
    this.archive.forget(error.id);
    return new VersionConflictError(error.id);
  }

  async #apply(row: DecisionRow): Promise<void> {
    const decision = completed(row.decision);
    await this.#bringDependencies(decision);
    const id = idOf(decision);
    const isOwn = row.origin === this.options.host;
    await this.options.before(decision, isOwn);
    await this.#rewind(decision, row.n);
    this.archive.forget(id);
    if (decision.kind === "removed") {
      const before = this.ledger.get(id)?.record ?? null;
      this.ledger.drop(id);
      this.#account({ id, before, after: null });
      // Counts are those of the whole fleet: an operation that is not in memory is counted too.
      if (before === null) return;
      this.options.onChange([{ id, before, after: null }], decision, isOwn);
      return;
    }
    const changes = this.ledger.apply(decision, row.n);
    for (const change of changes) this.#account(change);
    this.options.onChange(changes, decision, isOwn);
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
    const rows = (await this.options.engine.decisionsOf([id])).get(id) ?? [];
    const fresh = foldEntry(
      id,
      rows.filter((row) => row.n < n),
    );
    if (fresh === null) return;
    this.ledger.drop(id);
    this.ledger.add(fresh);
  }

  /** The operations that a new one waits for, with their chains: they may have left memory long ago. */
  async #bringDependencies(decision: Decision): Promise<void> {
    if (decision.kind !== "submitted") return;
    const { after = [], afterAny = [] } = decision.event.operation;
    for (const id of [...after, ...afterAny])
      for (let next: string | null = id; next !== null; ) {
        const entry: Entry | null = await this.archive.find(next);
        next = entry?.record.chain.next ?? null;
      }
  }

  #account({ id, before, after, bytesBefore }: Change): void {
    this.#counts.change(before, after);
    const entry = this.ledger.get(id);
    const bytes = entry?.bytes ?? 0;
    if (before?.state === "queued") this.queuedBytes -= bytesBefore ?? bytes;
    if (after?.state === "queued") this.queuedBytes += bytes;
    this.recent.delete(id);
    if (!after || !isFinal(after.state) || !entry) return;
    for (const dropped of this.recent.add(entry)) {
      this.ledger.drop(dropped);
      this.options.onForget(dropped);
    }
  }

  /** Oldest first. */
  #newestFinished(): Entry[] {
    return [...this.ledger.entries.values()]
      .filter(({ record }) => isFinal(record.state))
      .sort((a, b) => a.order - b.order)
      .slice(-RECENT);
  }
}

/** Whether two entries of an operation are of the same attempt, or of the same place in the queue. */
function isSameRun(a: Entry, b: Entry): boolean {
  return (
    a.record.state === b.record.state &&
    a.record.attempt === b.record.attempt &&
    a.run?.claim?.fence === b.run?.claim?.fence
  );
}
