/**
 * Starts operations of a fleet on this host: it offers its free workers and the first operations of
 * the queue to the engine, which decides between the hosts.
 *
 * More operations are offered than there are workers: another host may take the first ones at the
 * same moment.
 */

import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { homedir, uptime } from "node:os";
import { DEFAULT_QUEUE } from "../../../protocol/submit-fields.js";
import { clockAhead } from "../../os/shared-clock.js";
import { Lending } from "../../scheduler/lending.js";
import { type Candidate, candidateOf, order } from "../../scheduler/start.js";
import type { OperationStarter, StarterOptions } from "../../scheduler/starter.js";
import { type Slot, UsedSlots } from "../../scheduler/used-slots.js";
import type { Entry } from "../../store/decision.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import type { PooledWorker } from "../../worker/pool.js";
import type { Claimed, ClaimRequest } from "./engine/rows.js";

/** Operations offered beyond the number of workers. */
const SPARE = 32;

/**
 * Operations of the queue that are looked at for each one that is offered, before the whole queue
 * is.
 */
const LOOKED_AT = 4;

/**
 * Time in ms after which operations are offered again that the engine did not give to this host.
 */
const AGAIN_MS = 250;

interface FleetStarterOptions extends StarterOptions {
  /** Takes queued operations for free workers. */
  claim(request: ClaimRequest): Promise<Claimed[]>;
  host: string;
  /** Most operations that run on this host at the same time. */
  slots(): number;
  /** As `slots`, of another host; infinite where it is not there. */
  slotsOf(host: string): number;
  /** Whether this host may run the operation. */
  fits(entry: Entry): boolean;
  /** All running operations of the fleet. */
  running(): Entry[];
  /**
   * Whether the limit of the queue holds for all hosts together; the slots of each host bound the
   * others.
   */
  isLimited(queue: string): boolean;
  /** Whether the host may begin work now. */
  mayStart(): boolean;
  /** Whether nobody may begin new work here. */
  isDraining(): boolean;
  /** Resolves when decision `n` is applied. */
  until(n: number): Promise<void>;
  /**
   * Makes what the attempt needs available here: run files of earlier attempts, large parameters.
   */
  prepare(entry: Entry): Promise<void>;
  /** Path of the host's lease. */
  leaseFile: string;
  /** The clock that all hosts share, in ms since 1970. */
  now(): number;
}

/** Begins the name of the slots of a host, and no name of a queue. */
const OF_HOST = "host ";

/** An operation to offer, with the slot of this host for it. */
interface Offer {
  id: string;
  slot: number;
  /** Running operations that wait for it, or that lend it their slot. */
  waiters: readonly string[];
}

type OfferedCandidate = Candidate & Omit<Offer, "id">;

/** The name of the slots of this host: an operation uses one of them, whatever its queue. */
const HOST = "";

export class FleetStarter implements OperationStarter {
  isPaused = false;
  /** Operations that are about to start: the slot of each. */
  readonly #starting = new Map<string, Slot>();
  #round: Promise<void> | null = null;
  #isWanted = false;
  #warming: NodeJS.Immediate | null = null;
  #again: NodeJS.Timeout | null = null;

  constructor(private readonly options: FleetStarterOptions) {}

  /** Whether the operation is claimed and its worker has no order yet. */
  isStarting(id: string): boolean {
    return this.#starting.has(id);
  }

  kick(): void {
    this.#isWanted = true;
    this.#round ??= this.#run().finally(() => {
      this.#round = null;
    });
  }

  /** The engine decides which host starts it. */
  async startNew(): Promise<boolean> {
    return false;
  }

  async #run(): Promise<void> {
    // Changes of one turn share a round.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#isWanted && this.#mayStart()) {
      this.#isWanted = false;
      await this.#claim().catch((error: unknown) => {
        if (!(error instanceof NotRecordedError))
          this.options.log.error({ err: error }, "no operation could be claimed");
      });
    }
    this.#warmSoon();
  }

  #mayStart(): boolean {
    return !this.isPaused && this.options.mayStart();
  }

  /** Lent slots first: the operations that others wait for take no other slot. */
  async #claim(): Promise<void> {
    const lent = this.#lent();
    await this.#claimFor(lent.length, () => this.#offered(lent));
    // What running operations wait for still starts: otherwise they would not end.
    if (this.options.isDraining()) return;
    const free = Math.min(this.#hostSlots().free(HOST), this.options.queue.length);
    await this.#claimFor(free, (workers) => this.#candidates(workers));
  }

  /** @param count - most operations to claim */
  async #claimFor(
    count: number,
    offer: (workers: number) => Promise<OfferedCandidate[]>,
  ): Promise<void> {
    const { pool } = this.options;
    const workers = this.#takeWorkers(count);
    if (workers.length === 0) return;
    const used = new Set<PooledWorker>();
    const candidates = await offer(workers.length);
    try {
      if (candidates.length === 0) return;
      const claims = await this.options.claim(this.#requestOf(candidates, workers));
      const byId = new Map(candidates.map((each) => [each.entry.record.id, each]));
      for (const claim of claims) {
        const worker = workers[claim.worker]!;
        const candidate = byId.get(claim.id)!;
        used.add(worker);
        this.#starting.set(claim.id, { queue: candidate.entry.record.queue, slot: candidate.slot });
        void this.#begin(claim, candidate, worker);
      }
      // There may be more for the workers that are left.
      if (claims.length > 0 && claims.length < workers.length) this.#isWanted = true;
      else if (claims.length < Math.min(workers.length, candidates.length)) this.#kickSoon();
    } finally {
      for (const worker of workers) if (!used.has(worker)) pool.release(worker);
    }
  }

  /** By the engine's clock, or by its last decisions, the operations could not start yet. */
  #kickSoon(): void {
    this.#again ??= setTimeout(() => {
      this.#again = null;
      this.kick();
    }, AGAIN_MS).unref();
  }

  /** Idle workers, at most `count`. */
  #takeWorkers(count: number): PooledWorker[] {
    const { pool } = this.options;
    const workers: PooledWorker[] = [];
    while (workers.length < count) {
      const worker = pool.take();
      if (!worker) break;
      workers.push(worker);
    }
    return workers;
  }

  #hostSlots(): UsedSlots {
    const slots = new UsedSlots(() => this.options.slots());
    for (const [id, { slot }] of this.#starting) slots.add(id, { queue: HOST, slot });
    for (const { holdsSlot, id, entry } of this.options.attempts.values())
      if (holdsSlot && !this.#starting.has(id))
        slots.add(id, { queue: HOST, slot: entry.record.slot ?? 0 });
    return slots;
  }

  /**
   * The slots of the queues whose limits hold for the fleet, and of the hosts, as far as this host
   * knows. Another queue has any number.
   */
  #queueSlots(): UsedSlots {
    const { queues, isLimited, running, attempts, store, host, slotsOf } = this.options;
    const slots = new UsedSlots((name) => {
      if (name.startsWith(OF_HOST)) return slotsOf(name.slice(OF_HOST.length));
      return isLimited(name) && queues.isOpen(name)
        ? queues.concurrency(name)
        : Number.POSITIVE_INFINITY;
    });
    const numbers = new Map<string, number>();
    const add = (id: string, queue: string, holder: string) => {
      if (!numbers.has(holder)) numbers.set(holder, numbers.size);
      slots.add(id, { queue, slot: numbers.get(holder)! });
    };
    for (const { record, run } of running())
      if (attempts.get(record.id)?.holdsSlot !== false) {
        add(record.id, record.queue, run?.slotOf ?? record.id);
        slots.add(record.id, { queue: `${OF_HOST}${record.host}`, slot: record.slot ?? 0 });
      }
    for (const [id, { queue, slot }] of this.#starting)
      if (store.ledger.get(id)?.record.state === "queued") {
        add(id, queue, id);
        slots.add(id, { queue: `${OF_HOST}${host}`, slot });
      }
    return slots;
  }

  /**
   * Operations that others wait for, which may start here where those lend them a slot of the host
   * or of their queue.
   */
  #lent(): Offer[] {
    const [ofHost, ofQueues] = [this.#hostSlots(), this.#queueSlots()];
    const { host, fits } = this.options;
    const needs = (entry: Entry) => {
      const { queue, on } = entry.record;
      const place = on ?? (fits(entry) ? host : null);
      return place === null ? [queue] : [queue, `${OF_HOST}${place}`];
    };
    const lending = new Lending(this.options, ofQueues, (id) => this.#starting.has(id), needs);
    return lending.ready.filter(fits).flatMap(({ record: { id, queue } }) => {
      const lenders = lending.lenders(id);
      const isLent = ofQueues.lent(queue, lenders) !== null;
      const free = isLent && ofHost.hasFree(HOST) ? ofHost.lowest(HOST) : null;
      const slot = ofHost.lent(HOST, lenders) ?? free;
      if (slot === null || !(isLent || ofQueues.hasFree(queue))) return [];
      ofHost.add(id, { queue: HOST, slot });
      return { id, slot, waiters: [...lenders] };
    });
  }

  async #offered(offers: readonly Offer[]): Promise<OfferedCandidate[]> {
    const found: OfferedCandidate[] = [];
    for (const { id, ...offer } of offers) {
      const entry = this.options.store.ledger.get(id);
      const candidate = entry ? await candidateOf(entry, this.options) : null;
      if (candidate !== null) found.push({ ...candidate, ...offer });
    }
    return found;
  }

  /** The first operations that may start here, with their types. */
  #candidates(workers: number): Promise<OfferedCandidate[]> {
    const { graph } = this.options.edges;
    const slots = this.#hostSlots();
    const offers = this.#fitting(workers + SPARE).map((id) => {
      const slot = slots.lowest(HOST);
      slots.add(id, { queue: HOST, slot });
      return { id, slot, waiters: [...graph.waiters(id)] };
    });
    return this.#offered(offers);
  }

  #fitting(wanted: number): string[] {
    const { queue, queues, store, fits } = this.options;
    const slots = this.#queueSlots();
    const isOpen = (name: string) => queues.isOpen(name) && slots.hasFree(name);
    const fitting = (ids: readonly string[]) =>
      ids.filter((id) => {
        const entry = store.ledger.get(id);
        return entry !== undefined && !this.#starting.has(id) && fits(entry);
      });
    const first = fitting(queue.first(wanted * LOOKED_AT, isOpen));
    const all = first.length < wanted && queue.length > wanted * LOOKED_AT;
    return (all ? fitting(queue.first(queue.length, isOpen)) : first).slice(0, wanted);
  }

  #requestOf(
    candidates: readonly OfferedCandidate[],
    workers: readonly PooledWorker[],
  ): ClaimRequest {
    const { queues, isLimited, host } = this.options;
    const at = new Date(this.options.now()).toISOString();
    const sinceBoot = uptime();
    const queueLimits: Record<string, number> = {};
    const offered = candidates.map(({ entry, version, type: { policy }, slot, waiters }) => {
      const { id, seq, queue } = entry.record;
      if (isLimited(queue)) queueLimits[queue] = queues.concurrency(queue);
      const attempt = entry.nextAttempt;
      const event = { type: "attempt:started", seq: seq + 1, at, attempt, slot, host } as const;
      const decision = { kind: "started", id, event, policy, uptime: sinceBoot } as const;
      const { partition } = policy;
      return { id, expect: version, attempt, waiters, decision, partition };
    });
    return {
      candidates: offered,
      workers: workers.map(({ identity }) => identity),
      queueLimits,
      token: randomUUID(),
    };
  }

  /** The engine gave the operation to this host: its worker gets the order. */
  async #begin(claim: Claimed, candidate: OfferedCandidate, worker: PooledWorker): Promise<void> {
    const { until, store, pool, log, prepare, leaseFile, workerEvents } = this.options;
    const { id, n } = claim;
    const { workerId } = worker.identity;
    // Readers look for the events from the decision on, which is not applied yet.
    const place = workerEvents.begin(id, claim.attempt, workerId, worker.eventsEnd);
    let hasOrder = false;
    try {
      await until(n);
      const entry = store.ledger.get(id);
      if (entry?.run?.worker.workerId !== workerId) return;
      await prepare(entry);
      order(entry, candidate, worker, this.options, {
        entry: withOwnDirectory(entry),
        fence: entry.run.claim!.fence,
        lease: leaseFile,
        valuesInEvents: true,
        clockAhead: clockAhead(),
      });
      hasOrder = true;
    } catch (error) {
      log.error({ err: error, id }, "an operation that this host has claimed could not begin");
    } finally {
      if (!hasOrder) {
        workerEvents.drop(place);
        pool.release(worker);
      }
      this.#starting.delete(id);
      this.kick();
      this.options.onChange();
    }
  }

  /**
   * Keeps idle workers for what waits; a fork takes milliseconds, so pending answers are sent
   * first.
   */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      const { pool, queue } = this.options;
      if (this.isPaused) return;
      pool.warm(Math.min(queue.length, this.#hostSlots().free(HOST) + pool.spare));
    });
  }
}

/**
 * The directory of an operation that may run anywhere is the home directory where it does not
 * exist.
 */
function withOwnDirectory(entry: Entry): Entry {
  const { cwd, on } = entry.record;
  if (on || statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return entry;
  return { ...entry, record: { ...entry.record, cwd: homedir() } };
}

/**
 * Whether the queue's limit holds for the fleet: it was set, or the queue has a name of its own.
 */
export function isLimitedQueue(
  name: string,
  saved: Readonly<Record<string, { concurrency?: number }>>,
): boolean {
  return name !== DEFAULT_QUEUE || saved[name]?.concurrency !== undefined;
}
