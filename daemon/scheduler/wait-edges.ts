/**
 * Wait edges: a running operation waits for the end of another one, and lends its slot meanwhile
 * (`wait-graph.ts`).
 *
 * A command inside of the operation makes an edge when it opens a stream to wait. The edge is
 * durable. It ends with the stream, with the attempt of the waiter, and with the operation that it
 * waits for. The record of an operation that began inside of the attempt is an edge too.
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
import { WaitGraph } from "./wait-graph.js";

/**
 * How long an edge of an earlier daemon stays without a stream, in ms: its waiter may look for the
 * daemon.
 */
const RECONNECT_MS = 60_000;

/** What an open stream waits for, as something inside of one attempt. */
interface Wait {
  attempt: number;
  ids: readonly string[];
}

interface WaitEdgesOptions {
  bus: Bus;
  store: Pick<Store, "ledger">;
  lifecycle: Pick<Lifecycle, "wait">;
  dependencies: Pick<Dependencies, "liveLink" | "liveLinks" | "waitsAgain">;
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
  #isStopped = false;

  constructor(private readonly options: WaitEdgesOptions) {
    options.bus.on("decided", (changes, { kind }) => {
      const told = new Set<string>();
      for (const { id, before, after } of changes) {
        if (after === null || isFinal(after.state))
          for (const waiter of this.graph.directWaiters(id)) told.add(waiter);
        this.#note(before, after);
        if (kind === "waits") told.add(id);
        if (after?.parent) told.add(after.parent.id);
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
    setTimeout(() => {
      for (const id of this.#waiting) if (this.options.runsHere(ledger.get(id)!)) this.#forget(id);
    }, RECONNECT_MS).unref();
  }

  /** The streams end with the daemon, and the waits go on. */
  stop(): void {
    this.#isStopped = true;
  }

  get graph(): WaitGraph {
    this.#graph ??= new WaitGraph(this.#waiters(), (id) => this.#awaitedBy(id));
    return this.#graph;
  }

  /** Number of running operations that wait. */
  get size(): number {
    return this.#waiters().size;
  }

  #waiters(): Set<string> {
    return new Set([...this.#waiting, ...this.#streams.keys(), ...this.#children.keys()]);
  }

  /** Live operations that began inside of this one, in any attempt. */
  childrenOf(id: string): string[] {
    return [...(this.#children.get(id) ?? [])];
  }

  /** For whose end a running operation waits; null: for none. */
  waitsFor(id: string): string[] | null {
    const awaited = this.graph.awaitedBy(id);
    return awaited.length === 0 ? null : [...awaited];
  }

  /**
   * The operation waits for others until the returned function is called.
   *
   * @param within - null, or no running attempt: nothing waits
   * @throws Refusal where one of them waits for the operation, directly or not
   */
  async open(within: Within | null, ids: readonly string[]): Promise<() => void> {
    const waiter = within && this.options.store.ledger.get(within.id);
    if (waiter?.record.state !== "running" || waiter.record.attempt !== within!.attempt)
      return () => {};
    const { id, attempt } = waiter.record;
    // The record of an operation inside of the attempt is an edge already.
    const others = ids.filter((each) => !this.#isOfAttempt(each, waiter));
    if (others.length === 0) return () => {};
    const wait = { attempt, ids: others };
    const waits = this.#streams.get(id) ?? new Set();
    this.#streams.set(id, waits.add(wait));
    this.#graph = null;
    const close = () => {
      waits.delete(wait);
      if (waits.size === 0 && this.#streams.get(id) === waits) this.#streams.delete(id);
      this.#graph = null;
      this.#forget(id);
    };
    try {
      this.#refuseCircle(id);
      await this.#record(id);
      // Another host may have recorded the other half of a circle before.
      this.#refuseCircle(id);
    } catch (error) {
      close();
      throw error;
    }
    return close;
  }

  /**
   * @throws Refusal where the operation would wait for its own end, directly or not, once it is
   * retried
   */
  refuseRetry({ record: { id, after = [], afterAny = [] } }: Entry): void {
    const { dependencies, store } = this.options;
    const graph = new WaitGraph([id], (each) => {
      if (each === id)
        return [...after, ...afterAny].flatMap((other) => dependencies.liveLink(other) ?? []);
      const entry = store.ledger.get(each);
      const isAgain = entry?.record.state === "queued" && dependencies.waitsAgain(entry, id);
      return isAgain ? [...this.#awaitedBy(each), id] : this.#awaitedBy(each);
    });
    const circle = graph.circleOf(id);
    if (circle === null) return;
    throw new Refusal(
      "LIVEOPS_WAIT_CIRCLE",
      `${id} cannot be retried now: ${circle.join(" waits for ")}; retry it once ${circle[1]} has ended: liveops wait ${circle[1]}`,
      { circle },
    );
  }

  #refuseCircle(id: string): void {
    const circle = this.graph.circleOf(id);
    if (circle === null) return;
    const [, awaited] = circle;
    const why =
      circle.length === 2 ? "it would wait for itself" : circle.slice(1).join(" waits for ");
    throw new Refusal(
      "LIVEOPS_WAIT_CIRCLE",
      `${id} cannot wait for ${awaited}: ${why}; wait for ${awaited} outside of ${id}, or without --wait`,
      { circle },
    );
  }

  #awaitedBy(id: string): string[] {
    const entry = this.options.store.ledger.get(id);
    if (!entry || isFinal(entry.record.state)) return [];
    const { dependencies } = this.options;
    if (entry.record.state === "queued") return dependencies.liveLinks(id);
    const children = this.childrenOf(id).filter((each) => this.#isOfAttempt(each, entry));
    const awaited = [...children, ...this.#openTo(entry), ...(entry.run?.waitsFor ?? [])];
    return [...new Set(awaited.flatMap((each) => dependencies.liveLink(each) ?? []))];
  }

  /** Whether an operation began inside of the present attempt of another one. */
  #isOfAttempt(id: string, { record }: Entry): boolean {
    const { parent } = this.options.store.ledger.get(id)?.record ?? {};
    return parent?.id === record.id && parent.attempt === record.attempt;
  }

  /** What the open streams of the attempt wait for. */
  #openTo({ record: { id, attempt } }: Entry): string[] {
    const waits = [...(this.#streams.get(id) ?? [])].filter((wait) => wait.attempt === attempt);
    return [...new Set(waits.flatMap(({ ids }) => ids))];
  }

  /** Records the edges of the streams that are open now. */
  async #record(id: string): Promise<void> {
    try {
      await this.options.lifecycle.wait(id, (entry) =>
        this.#openTo(entry).filter((each) => this.options.dependencies.liveLink(each) !== null),
      );
    } catch (error) {
      // An edge without a record counts as long as this daemon runs.
      if (!(error instanceof NotRecordedError)) throw error;
    }
  }

  /** Drops the edges without a stream. Where that cannot be recorded, they end with the attempt. */
  #forget(id: string): void {
    if (!this.#isStopped) this.#record(id).catch(() => {});
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
