/**
 * Waits for many operations and their chains over one watch stream, over restarts of the daemon.
 */
import type { Client } from "../../../protocol/client/client.js";
import { reconnecting, untilAnswered } from "../../../protocol/client/reconnect.js";
import { removedRecord, type WaitOptions } from "../../../protocol/client/until-finished.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import type { WatchLine } from "../../../protocol/watch.js";
import { listPages } from "../list-pages.js";

export interface FinishedChain {
  /** Id of the operation that was waited for. */
  id: string;
  /** The last operation of its chain. */
  last: Operation;
}

/**
 * Yields each operation when the last operation of its chain is finished. Ends after all of them.
 */
export async function* allFinished(
  client: Client,
  operations: readonly Operation[],
  options: WaitOptions,
): AsyncGenerator<FinishedChain> {
  const waiting = new Waiting(client, operations, options);
  yield* await waiting.check(operations.map(({ id }) => id));
  if (waiting.isOver) return;
  // Without finished operations in the snapshot: `Waiting` asks for those that it misses.
  const waits = waiting.ids.slice(0, MOST_TOLD);
  const open = () => client.watch({ limit: 0, waits }, options.signal);
  for await (const line of reconnecting(open, options)) {
    yield* await waiting.take(line);
    if (waiting.isOver) return;
  }
  throw new Error("the watch stream closed before the operations finished");
}

/**
 * Operations that the request names, so that one inside of which the client runs lends its slot to
 * them.
 */
const MOST_TOLD = 500;

/** Operations that are asked for one by one. */
const MOST_SHOWN = 100;

class Waiting {
  /** Records of live operations, and of finished ones that are waited for. */
  readonly #records: Map<string, Operation>;
  /** By the id of the operation that the chain has reached: the ids that wait for it. */
  readonly #pending = new Map<string, string[]>();

  constructor(
    private readonly client: Client,
    operations: readonly Operation[],
    private readonly options: WaitOptions,
  ) {
    this.#records = new Map(operations.map((it) => [it.id, it]));
    for (const { id } of operations) this.#pending.set(id, [id]);
  }

  get ids(): string[] {
    return [...this.#pending.keys()];
  }

  get isOver(): boolean {
    return this.#pending.size === 0;
  }

  async take(line: WatchLine): Promise<FinishedChain[]> {
    switch (line.type) {
      case "snapshot": {
        const missing = new Set(this.#pending.keys());
        this.#records.clear();
        for (const operation of line.operations) {
          this.#records.set(operation.id, operation);
          missing.delete(operation.id);
        }
        if (line.moreQueued !== undefined && missing.size > MOST_SHOWN)
          await this.#skipQueued(missing);
        return this.check([...this.#pending.keys()]);
      }
      case "changed": {
        const before = this.#records.get(line.id);
        if (before === undefined && line.patch.id === undefined) return [];
        const record = { ...before, ...line.patch } as Operation;
        if (isFinal(record.state) && !this.#pending.has(line.id)) this.#records.delete(line.id);
        else this.#records.set(line.id, record);
        if (this.#pending.has(line.id)) this.options.onRecord?.(record);
        return isFinal(record.state) ? this.check([line.id]) : [];
      }
      case "chained":
        this.#records.set(line.to, line.operation);
        return this.check([line.to]);
      case "removed": {
        const record = this.#records.get(line.id);
        this.#records.delete(line.id);
        if (record === undefined) return [];
        return this.#settle(line.id, removedRecord(record));
      }
      default:
        return [];
    }
  }

  /** Of a long queue, the stream sends the others when they start: they need no request each. */
  async #skipQueued(missing: Set<string>): Promise<void> {
    const list = () => listPages(this.client, { state: ["queued"] });
    for (const operation of (await untilAnswered(list, this.options)).operations)
      if (missing.delete(operation.id)) this.#records.set(operation.id, operation);
  }

  /** Returns the chains that are finished. */
  async check(ids: readonly string[]): Promise<FinishedChain[]> {
    const finished: FinishedChain[] = [];
    for (const id of ids) finished.push(...(await this.#advance(id)));
    return finished;
  }

  async #advance(id: string): Promise<FinishedChain[]> {
    const asked = this.#pending.get(id);
    if (asked === undefined) return [];
    const record = this.#records.get(id) ?? (await this.#show(id));
    if (record === null) throw gone(id);
    this.#records.set(id, record);
    this.options.onRecord?.(record);
    if (!isFinal(record.state)) return [];
    const { next } = record.chain;
    const following = next === null ? null : (this.#records.get(next) ?? (await this.#show(next)));
    // The chain ends before an operation that was removed.
    if (following === null)
      return this.#settle(id, record.large === null ? record : ((await this.#show(id)) ?? record));
    this.#forget(id);
    this.#records.set(following.id, following);
    this.#pending.set(following.id, [...(this.#pending.get(following.id) ?? []), ...asked]);
    return this.#advance(following.id);
  }

  #settle(id: string, last: Operation): FinishedChain[] {
    const asked = this.#pending.get(id) ?? [];
    this.#forget(id);
    return asked.map((each) => ({ id: each, last }));
  }

  #forget(id: string): void {
    this.#pending.delete(id);
    this.#records.delete(id);
  }

  /** Null for an operation that was removed. */
  async #show(id: string): Promise<Operation | null> {
    try {
      return await untilAnswered(() => this.client.show(id, this.options.signal), this.options);
    } catch (error) {
      if (error instanceof Refusal && error.code === "LIVEOPS_NO_SUCH_OPERATION") return null;
      throw error;
    }
  }
}

function gone(id: string): Refusal {
  return new Refusal(
    "LIVEOPS_NO_SUCH_OPERATION",
    `operation ${id} was removed; liveops ls lists the others`,
  );
}
