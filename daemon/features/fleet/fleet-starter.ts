/**
 * Starts operations of a fleet on this host: it offers its free workers and the first operations of the queue to the
 * engine, which decides between the hosts.
 *
 * More operations are offered than there are workers: another host may take the first ones at the same moment.
 */

import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { homedir, uptime } from "node:os";
import { DEFAULT_QUEUE } from "../../../protocol/submit-fields.js";
import { clockAhead } from "../../os/shared-clock.js";
import { type Candidate, candidateOf, order } from "../../scheduler/start.js";
import type { OperationStarter, StarterOptions } from "../../scheduler/starter.js";
import type { Entry } from "../../store/decision.js";
import { NotRecordedError } from "../../store/not-recorded.js";
import type { PooledWorker } from "../../worker/pool.js";
import type { Claimed, ClaimRequest } from "./engine/rows.js";

/** Operations offered beyond the number of workers. */
const SPARE = 32;

/** Operations of the queue that are looked at for each one that is offered, before the whole queue is. */
const LOOKED_AT = 4;

/** Time in ms after which operations are offered again that the engine did not give to this host. */
const AGAIN_MS = 250;

interface FleetStarterOptions extends StarterOptions {
  /** Takes queued operations for free workers. */
  claim(request: ClaimRequest): Promise<Claimed[]>;
  host: string;
  /** Most operations that run on this host at the same time. */
  slots(): number;
  /** Whether this host may run the operation. */
  fits(entry: Entry): boolean;
  /** Running operations of other hosts in a queue. */
  runningElsewhere(queue: string): number;
  /** Whether the limit of the queue holds for all hosts together; the slots of each host bound the others. */
  isLimited(queue: string): boolean;
  /** Whether the host may begin work now. */
  mayStart(): boolean;
  /** Resolves when decision `n` is applied. */
  until(n: number): Promise<void>;
  /** Makes what the attempt needs available here: run files of earlier attempts, large parameters. */
  prepare(entry: Entry): Promise<void>;
  /** Path of the host's lease. */
  leaseFile: string;
  /** The clock that all hosts share, in ms since 1970. */
  now(): number;
}

type OfferedCandidate = Candidate & { slot: number };

export class FleetStarter implements OperationStarter {
  isPaused = false;
  isDraining = false;
  /** Operations that are about to start: the queue of each. */
  readonly #starting = new Map<string, string>();
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

  async #run(): Promise<void> {
    // Changes of one turn share a round.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#isWanted && this.#mayStart()) {
      this.#isWanted = false;
      this.options.typeLimits.release();
      await this.#claim().catch((error: unknown) => {
        if (!(error instanceof NotRecordedError))
          this.options.log.error({ err: error }, "no operation could be claimed");
      });
    }
    this.#warmSoon();
  }

  #mayStart(): boolean {
    return !this.isPaused && !this.isDraining && this.options.mayStart();
  }

  async #claim(): Promise<void> {
    const { pool, typeLimits } = this.options;
    const workers = this.#takeWorkers();
    if (workers.length === 0) return;
    const used = new Set<PooledWorker>();
    const candidates = await this.#candidates(workers.length);
    try {
      if (candidates.length === 0) return;
      const claims = await this.options.claim(this.#requestOf(candidates, workers));
      const byId = new Map(candidates.map((each) => [each.entry.record.id, each]));
      for (const claim of claims) {
        const worker = workers[claim.worker]!;
        used.add(worker);
        this.#starting.set(claim.id, byId.get(claim.id)!.entry.record.queue);
        void this.#begin(claim, byId.get(claim.id)!, worker);
      }
      // There may be more for the workers that are left.
      if (claims.length > 0 && claims.length < workers.length) this.#isWanted = true;
      else if (claims.length < Math.min(workers.length, candidates.length)) this.#kickSoon();
    } finally {
      for (const { entry } of candidates) typeLimits.started(entry.record.id);
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

  /** Idle workers for the free slots. */
  #takeWorkers(): PooledWorker[] {
    const { pool, queue } = this.options;
    const workers: PooledWorker[] = [];
    const free = Math.min(this.#free(), queue.length);
    while (workers.length < free) {
      const worker = pool.take();
      if (!worker) break;
      workers.push(worker);
    }
    return workers;
  }

  #free(): number {
    let busy = this.#starting.size;
    for (const { holdsSlot, id } of this.options.attempts.values())
      if (holdsSlot && !this.#starting.has(id)) busy++;
    return this.options.slots() - busy;
  }

  /** The first operations that may start here, with their types. */
  async #candidates(workers: number): Promise<OfferedCandidate[]> {
    const wanted = workers + SPARE;
    const found: OfferedCandidate[] = [];
    const slots = this.#freeSlots();
    for (const id of this.#fitting(wanted)) {
      const candidate = await candidateOf(id, this.options);
      if (candidate !== null) found.push({ ...candidate, slot: slots.next().value! });
    }
    return found;
  }

  #fitting(wanted: number): string[] {
    const { queue, store, fits } = this.options;
    const rooms = new Map<string, number>();
    const isOpen = (name: string) => this.#room(name, rooms) > 0;
    const fitting = (ids: readonly string[]) =>
      ids.filter((id) => {
        const entry = store.ledger.get(id);
        return entry !== undefined && !this.#starting.has(id) && fits(entry);
      });
    const first = fitting(queue.first(wanted * LOOKED_AT, isOpen));
    const all = first.length < wanted && queue.length > wanted * LOOKED_AT;
    return (all ? fitting(queue.first(queue.length, isOpen)) : first).slice(0, wanted);
  }

  /** How many more operations of the queue may run, as far as this host knows. */
  #room(name: string, rooms: Map<string, number>): number {
    const { queues, isLimited, runningElsewhere, attempts } = this.options;
    const known = rooms.get(name);
    if (known !== undefined) return known;
    let room = queues.isOpen(name) ? Number.POSITIVE_INFINITY : 0;
    if (room > 0 && isLimited(name)) {
      room = queues.concurrency(name) - runningElsewhere(name);
      for (const { entry, id, holdsSlot } of attempts.values())
        if (holdsSlot && entry.record.queue === name && !this.#starting.has(id)) room--;
      for (const queue of this.#starting.values()) if (queue === name) room--;
    }
    rooms.set(name, room);
    return room;
  }

  /** Numbers of slots of this host that are free, the lowest first. */
  *#freeSlots(): Generator<number, number> {
    const used = new Set([...this.options.attempts.values()].map(({ entry }) => entry.record.slot));
    for (let slot = 1; ; slot++) if (!used.has(slot)) yield slot;
  }

  #requestOf(candidates: readonly OfferedCandidate[], workers: readonly PooledWorker[]): ClaimRequest {
    const { queues, isLimited, host } = this.options;
    const at = new Date(this.options.now()).toISOString();
    const sinceBoot = uptime();
    const queueLimits: Record<string, number> = {};
    const opLimits: Record<string, number> = {};
    const offered = candidates.map(({ entry, version, policy, slot }) => {
      const { id, seq, queue, op } = entry.record;
      if (isLimited(queue)) queueLimits[queue] = queues.concurrency(queue);
      if (policy.concurrency) opLimits[op] = policy.concurrency;
      const attempt = entry.nextAttempt;
      const event = { type: "attempt:started", seq: seq + 1, at, attempt, slot, host } as const;
      const decision = { kind: "started", id, event, policy, uptime: sinceBoot } as const;
      const { partition } = policy;
      return { id, expect: version, attempt, decision, ...(partition && { partition }) };
    });
    return {
      candidates: offered,
      workers: workers.map(({ identity }) => identity),
      queueLimits,
      opLimits,
      token: randomUUID(),
    };
  }

  /** The engine gave the operation to this host: its worker gets the order. */
  async #begin({ id, n }: Claimed, candidate: OfferedCandidate, worker: PooledWorker): Promise<void> {
    const { until, store, pool, log, prepare, leaseFile } = this.options;
    try {
      await until(n);
      const entry = store.ledger.get(id);
      if (entry?.run?.worker.workerId !== worker.identity.workerId) {
        pool.release(worker);
        return;
      }
      await prepare(entry);
      order(entry, candidate, worker, this.options, {
        entry: withOwnDirectory(entry),
        fence: entry.run.claim!.fence,
        lease: { file: leaseFile },
        clockAhead: clockAhead(),
      });
    } catch (error) {
      log.error({ err: error, id }, "an operation that this host has claimed could not begin");
      pool.release(worker);
    } finally {
      this.#starting.delete(id);
      this.kick();
      this.options.onChange();
    }
  }

  /** Keeps idle workers for what waits; a fork takes milliseconds, so pending answers are sent first. */
  #warmSoon(): void {
    this.#warming ??= setImmediate(() => {
      this.#warming = null;
      const { pool, queue } = this.options;
      if (this.isPaused) return;
      pool.warm(Math.min(queue.length, Math.max(0, this.#free()) + pool.spare));
    });
  }
}

/** The directory of an operation that may run anywhere is the home directory where it does not exist. */
function withOwnDirectory(entry: Entry): Entry {
  const { cwd, on } = entry.record;
  if (on || statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return entry;
  return { ...entry, record: { ...entry.record, cwd: homedir() } };
}

/** Whether the queue's limit holds for the fleet: it was set, or the queue has a name of its own. */
export function isLimitedQueue(
  name: string,
  saved: Readonly<Record<string, { concurrency?: number }>>,
): boolean {
  return name !== DEFAULT_QUEUE || saved[name]?.concurrency !== undefined;
}
