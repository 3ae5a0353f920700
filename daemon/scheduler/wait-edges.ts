/**
 * Wait edges: a running operation waits for the end of another one, and lends its slot meanwhile (`wait-graph.ts`).
 *
 * An edge is that of a command or of code inside of the operation. It is durable, and ends with the stream by which its
 * waiter waits, with the attempt of the waiter, and with what it waits for. Operations that began inside of the attempt
 * are edges too: their records name it.
 */
import type { Within } from "../../protocol/client/within-header.js";
import { Refusal } from "../../protocol/errors.js";
import type { Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import type { Bus } from "../bus.js";
import type { Lifecycle } from "../lifecycle.js";
import type { Entry } from "../store/decision.js";
import { NotRecordedError } from "../store/not-recorded.js";
import type { Store } from "../store/store.js";
import type { Dependencies } from "./holds/dependencies.js";
import { WaitGraph, wayTo } from "./wait-graph.js";

/** How long an edge of an earlier daemon stays without a stream, in ms: its waiter may look for the daemon. */
const RECONNECT_MS = 60_000;

/** What an open stream waits for, as something inside of one attempt. */
interface Wait {
  attempt: number;
  ids: readonly string[];
}

interface WaitEdgesOptions {
  bus: Bus;
  store: Pick<Store, "find" | "ledger">;
  lifecycle: Pick<Lifecycle, "wait">;
  dependencies: Pick<Dependencies, "liveLinks">;
  /** Whether the operation runs on this host, so that this daemon has its streams. */
  runsHere(entry: Entry): boolean;
}

export class WaitEdges {
  /** Streams by which an operation waits for others, by waiter. */
  readonly #streams = new Map<string, Set<Wait>>();
  /** Running operations with recorded edges. */
  readonly #waiting = new Set<string>();
  /** Live operations by the one inside of which they began. */
  readonly #children = new Map<string, Set<string>>();
  /** Null: something has changed since. */
  #graph: WaitGraph | null = null;
  #forgetting: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(private readonly options: WaitEdgesOptions) {
    options.bus.on("decided", (changes) => {
      const told = new Set<string>();
      for (const { id, before, after } of changes) {
        const isOver = after === null || isFinal(after.state);
        if (isOver) for (const waiter of this.graph.directWaiters(id)) told.add(waiter);
        this.#note(before, after);
        told.add(after?.parent?.id ?? id);
      }
      // The next change needs to know who waits now.
      this.#graph = null;
      void this.graph;
      for (const id of told) this.#tell(id);
    });
  }

  /** The state is loaded. */
  begin(): void {
    const { ledger } = this.options.store;
    for (const state of ["running", "queued"] as const)
      for (const { record } of ledger.inState(state)) this.#note(null, record);
    this.#graph = null;
    if (this.#waiting.size === 0) return;
    this.#forgetting = setTimeout(() => {
      for (const id of this.#waiting) if (this.options.runsHere(ledger.get(id)!)) this.#forget(id);
    }, RECONNECT_MS).unref();
  }

  /** The streams end with the daemon, and the waits go on. */
  stop(): void {
    this.#isStopped = true;
    if (this.#forgetting) clearTimeout(this.#forgetting);
  }

  get graph(): WaitGraph {
    const roots = () => new Set([...this.#waiting, ...this.#streams.keys(), ...this.#children.keys()]);
    this.#graph ??= new WaitGraph(this.#isEmpty ? [] : roots(), (id) => this.#awaitedBy(id));
    return this.#graph;
  }

  /** Number of running operations that wait. */
  get size(): number {
    return this.#isEmpty ? 0 : new Set([...this.#waiting, ...this.#children.keys()]).size;
  }

  /** Live operations that began inside of this one, in any attempt. */
  childrenOf(id: string): string[] {
    return [...(this.#children.get(id) ?? [])];
  }

  /** For whose end a running operation waits; null: for none. */
  waitsFor(id: string): string[] | null {
    if (this.#isEmpty) return null;
    const awaited = this.#awaitedBy(id);
    return awaited.length === 0 ? null : [...awaited];
  }

  /**
   * The operation waits for others until the returned function is called.
   *
   * @param within - null, or no running attempt: nothing waits
   * @throws Refusal where one of them waits for the operation, directly or not
   */
  async open(within: Within | null, ids: readonly string[]): Promise<() => void> {
    if (within === null) return () => {};
    const { id, attempt } = within;
    const waiter = this.options.store.ledger.get(id)?.record;
    if (waiter?.state !== "running" || waiter.attempt !== attempt) return () => {};
    this.#refuseCircle(id, ids);
    const wait = { attempt, ids };
    this.#streams.set(id, (this.#streams.get(id) ?? new Set()).add(wait));
    this.#graph = null;
    const close = () => {
      const waits = this.#streams.get(id);
      if (waits?.delete(wait) && waits.size === 0) this.#streams.delete(id);
      this.#graph = null;
      const isCurrent = this.options.store.ledger.get(id)?.record.attempt === attempt;
      if (isCurrent && !this.#isStopped) this.#forget(id);
    };
    try {
      await this.#record(id);
      // Another host may have recorded the other half of a circle before.
      this.#refuseCircle(id, ids);
    } catch (error) {
      close();
      throw error;
    }
    return close;
  }

  #refuseCircle(id: string, ids: readonly string[]): void {
    for (const awaited of ids) {
      const live = this.#liveLink(awaited);
      const way = live === null ? null : wayTo(id, live, (each) => this.#awaitedBy(each));
      if (way !== null) throw circle(id, way);
    }
  }

  get #isEmpty(): boolean {
    return this.#waiting.size + this.#streams.size + this.#children.size === 0;
  }

  #awaitedBy(id: string): string[] {
    const entry = this.options.store.ledger.get(id);
    if (!entry || isFinal(entry.record.state)) return [];
    if (entry.record.state === "queued") return this.options.dependencies.liveLinks(id);
    const children = this.childrenOf(id).filter((each) => this.#isOfAttempt(each, entry));
    const awaited = [...children, ...this.#openTo(entry), ...(entry.run?.waitsFor ?? [])];
    return [...new Set(awaited.flatMap((each) => this.#liveLink(each) ?? []))];
  }

  /** Whether an operation began inside of the present attempt of another one. */
  #isOfAttempt(id: string, { record }: Entry): boolean {
    const { parent } = this.options.store.ledger.get(id)?.record ?? {};
    return parent?.id === record.id && parent.attempt === record.attempt;
  }

  #openTo({ record: { id, attempt } }: Entry): string[] {
    const waits = [...(this.#streams.get(id) ?? [])].filter((wait) => wait.attempt === attempt);
    return [...new Set(waits.flatMap(({ ids }) => ids))];
  }

  /** The link of a chain that is not finished; null: all are. */
  #liveLink(id: string): string | null {
    for (let next: string | null = id; next !== null; ) {
      const entry: Entry | null = this.options.store.find(next);
      if (!entry) return null;
      if (!isFinal(entry.record.state)) return next;
      next = entry.record.chain.next;
    }
    return null;
  }

  /** Records the edges of the streams that are open now. The records of operations inside of it are edges already. */
  async #record(id: string): Promise<void> {
    try {
      await this.options.lifecycle.wait(id, (entry) =>
        this.#openTo(entry).filter(
          (each) => !this.#isOfAttempt(each, entry) && this.#liveLink(each) !== null,
        ),
      );
    } catch (error) {
      // An edge without a record counts as long as this daemon runs.
      if (!(error instanceof NotRecordedError)) throw error;
    }
  }

  /** Drops the edges without a stream. Where that cannot be recorded, they end with the attempt. */
  #forget(id: string): void {
    this.#record(id).catch(() => {});
  }

  #note(before: Operation | null, after: Operation | null): void {
    const { id, parent } = (after ?? before)!;
    const run = after?.state === "running" ? this.options.store.ledger.get(id)?.run : null;
    if (run?.waitsFor?.length) this.#waiting.add(id);
    else this.#waiting.delete(id);
    if (parent === undefined) return;
    const children = this.#children.get(parent.id) ?? new Set();
    if (after !== null && !isFinal(after.state)) children.add(id);
    else children.delete(id);
    if (children.size > 0) this.#children.set(parent.id, children);
    else this.#children.delete(parent.id);
  }

  #tell(id: string): void {
    const record = this.options.store.ledger.get(id)?.record;
    if (record?.state === "running") this.options.bus.emit("shown", record, "waitsFor");
  }
}

function circle(waiter: string, way: readonly string[]): Refusal {
  const [awaited] = way;
  const why = way.length === 1 ? "it would wait for itself" : way.join(" waits for ");
  return new Refusal(
    "LIVEOPS_WAIT_CIRCLE",
    `${waiter} cannot wait for ${awaited}: ${why}; wait for ${awaited} outside of ${waiter}, or without --wait`,
    { circle: [waiter, ...way] },
  );
}
