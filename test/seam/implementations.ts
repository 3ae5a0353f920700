/**
 * The implementations of the seam between the daemon and what keeps its state: files of one
 * machine, and the engine of a fleet. `describeSeam` runs one suite against both.
 */

import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import pino from "pino";
import { afterEach, describe } from "vitest";
import { Bus } from "../../daemon/bus.js";
import type { EngineParts } from "../../daemon/engine.js";
import { LostWritesError } from "../../daemon/features/fleet/engine/errors.js";
import { FleetRuns } from "../../daemon/features/fleet/fleet-runs.js";
import { FleetSetting } from "../../daemon/features/fleet/store/fleet-setting.js";
import { FleetStore } from "../../daemon/features/fleet/store/fleet-store.js";
import { Offers } from "../../daemon/features/fleet/store/offers.js";
import type { Schedule } from "../../daemon/features/schedules/schedule.js";
import { parseSchedules, schedulesFile } from "../../daemon/features/schedules/schedules.js";
import { Lifecycle } from "../../daemon/lifecycle.js";
import { localRuns, type Runs } from "../../daemon/run-files/runs.js";
import { WorkerEvents } from "../../daemon/run-files/worker-events.js";
import { parseQueues, queuesFile, type SavedQueues } from "../../daemon/scheduler/queues.js";
import type { Decision, Entry, IdempotencyKey } from "../../daemon/store/decision.js";
import { prepareStateDir } from "../../daemon/store/directories.js";
import { EmbeddedStore } from "../../daemon/store/embedded-store.js";
import { type Layout, layoutOf } from "../../daemon/store/layout.js";
import type { Change } from "../../daemon/store/ledger.js";
import { FileSetting, type Setting } from "../../daemon/store/setting.js";
import { type Store, VersionConflictError } from "../../daemon/store/store.js";
import type { Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import type { FinalState, State } from "../../protocol/state.js";
import { type Fleet, type TestEngine, useFleet } from "../features/fleet/engine/fleet.js";
import { submission } from "../harness/records.js";
import { outcome, POLICY, sealedEvents, WORKER } from "../harness/store.js";
import { useDirectories } from "../harness/temporary.js";

/** What a listener of the store was told of one decision. */
export interface Announced {
  kind: Decision["kind"];
  /** Version of the first changed operation at that time; null: it was removed. */
  n: number | null;
  moves: Array<{ id: string; from: State | null; to: State | null }>;
}

/**
 * A store as a daemon opens it, with the lifecycle that changes its operations, and without
 * processes.
 */
export abstract class Opened {
  abstract readonly store: Store;
  abstract readonly lifecycle: Lifecycle;
  abstract readonly queues: Setting<SavedQueues>;
  abstract readonly schedules: Setting<readonly Schedule[]>;
  abstract readonly runs: Runs;
  /** In the order in which the decisions were announced. */
  readonly announced: Announced[] = [];
  /** Finished operations that left memory. */
  readonly forgotten: string[] = [];
  readonly errors: Error[] = [];
  protected readonly bus = new Bus();

  constructor(
    readonly host: string,
    readonly layout: Layout,
  ) {
    this.bus.on("decided", (changes, decision) => this.#note(changes, decision));
    this.bus.on("broken", (error) => this.errors.push(error));
    this.bus.on("forgotten", (id) => this.forgotten.push(id));
  }

  /** Closes the store and opens it as the next daemon. */
  abstract reopen(): Promise<Opened>;
  abstract close(): Promise<void>;
  /** Moves finished operations out of memory, where the store does that at times of its own. */
  abstract seal(): Promise<void>;
  /**
   * queued → running on this host; null: the operation may not start. Concurrent calls of one turn
   * are independent.
   */
  abstract start(id: string): Promise<Entry | null>;
  /** Resolves when everything is applied that is recorded now. */
  abstract caughtUp(): Promise<void>;

  #note(changes: readonly Change[], { kind }: Decision): void {
    const moves = changes.map(({ id, before, after }) => ({
      id,
      from: before?.state ?? null,
      to: after?.state ?? null,
    }));
    const n = this.store.ledger.get(moves[0]?.id ?? "")?.version ?? null;
    this.announced.push({ kind, n, moves });
  }

  async submit(over: Partial<Submission> = {}, key: IdempotencyKey | null = null): Promise<string> {
    const id = over.id ?? newId();
    await this.lifecycle.submit([{ operation: submission({ ...over, id }), env: { A: "1" }, key }]);
    return id;
  }

  async finish(id: string, state: FinalState, next: Submission | null = null): Promise<void> {
    const { attempt, seq } = this.store.ledger.get(id)!.record;
    await this.lifecycle.conclude(id, attempt, seq, () => ({ finish: outcome(state, next) }));
  }

  /** Submits, runs and finishes an operation. */
  async finished(state: FinalState, over: Partial<Submission> = {}): Promise<string> {
    const id = await this.submit(over);
    await this.start(id);
    await this.finish(id, state);
    return id;
  }

  async retry(id: string): Promise<void> {
    await this.lifecycle.retry(id);
  }

  /** All operations, newest first. */
  async all(): Promise<Entry[]> {
    return this.store.archive.list({}, 10_000);
  }

  protected get started(): Pick<
    Extract<Decision, { kind: "started" }>,
    "kind" | "policy" | "uptime"
  > {
    return { kind: "started", policy: POLICY, uptime: uptime() };
  }

  protected startOf(entry: Entry) {
    const { seq } = entry.record;
    const at = new Date().toISOString();
    const attempt = entry.nextAttempt;
    return {
      type: "attempt:started",
      seq: seq + 1,
      at,
      attempt,
      slot: 1,
      host: this.host,
    } as const;
  }
}

/**
 * The host's part of a start, which only a fleet's engine knows. One machine keeps it as it comes.
 */
const CLAIM = { host: "a", session: 1, fence: 1 };

class Embedded extends Opened {
  readonly store: EmbeddedStore;
  readonly lifecycle: Lifecycle;
  readonly queues: Setting<SavedQueues>;
  readonly schedules: Setting<readonly Schedule[]>;
  readonly runs: Runs;

  private constructor(dir: string) {
    const layout = layoutOf(dir);
    super("a", layout);
    prepareStateDir(layout);
    const workerEvents = new WorkerEvents(layout.workers);
    this.store = new EmbeddedStore({
      layout,
      attemptEvents: sealedEvents(layout, workerEvents),
      bus: this.bus,
    });
    this.lifecycle = new Lifecycle(this.store, layout);
    this.runs = localRuns(layout, workerEvents, (...attempt) =>
      this.store.sealedEvents(...attempt),
    );
    const onProblem = (problem: string) => this.store.addProblem(problem);
    this.queues = queuesFile(layout.queues, onProblem);
    this.schedules = new FileSetting(schedulesFile(layout.schedules, onProblem));
  }

  static async open(dir: string): Promise<Embedded> {
    const opened = new Embedded(dir);
    await opened.store.start();
    return opened;
  }

  /** With a host, as the start of a fleet has. */
  async start(id: string): Promise<Entry | null> {
    const entry = this.store.ledger.get(id);
    if (entry?.record.state !== "queued") return null;
    const event = { ...this.startOf(entry), fence: CLAIM.fence };
    try {
      const started = { ...this.started, id, event, worker: WORKER, run: { claim: CLAIM } };
      await this.store.decide(started, entry.version);
      return entry;
    } catch (error) {
      if (error instanceof VersionConflictError) return null;
      throw error;
    }
  }

  async reopen(): Promise<Opened> {
    await this.close();
    return Embedded.open(this.layout.root);
  }

  async caughtUp(): Promise<void> {}

  seal(): Promise<void> {
    return this.store.checkpoint();
  }

  close(): Promise<void> {
    return this.store.stop();
  }
}

export class FleetOpened extends Opened {
  readonly store: FleetStore;
  readonly lifecycle: Lifecycle;
  readonly queues: FleetSetting<SavedQueues>;
  readonly schedules: FleetSetting<readonly Schedule[]>;
  readonly runs: FleetRuns;
  /** Called with each announced decision, after it is noted; it may throw. */
  onDecision: (decision: Decision) => void = () => {};
  /** Called before each decision is applied; it may reject. */
  before: (decision: Decision) => Promise<void> = async () => {};
  #settings = -1;
  #isClosed = false;
  readonly #offers: Offers;

  private constructor(
    readonly fleet: Fleet,
    host: string,
    dir: string,
    readonly engine: TestEngine,
  ) {
    const layout = layoutOf(dir);
    super(host, layout);
    prepareStateDir(layout);
    this.store = new FleetStore({
      layout,
      engine,
      host,
      bus: this.bus,
      before: (decision) => this.before(decision),
      isOwn: (entry) => entry.run?.claim?.host === host,
      onHead: ({ settings }) => void this.#versions(settings),
      onLostWrites: () => this.#offers.make(),
      isReloading: () => this.#offers.areOpen,
      lastPieces: (id) => this.runs.lastPieces(id),
      onLinesRefused: (id, isFenced) => this.runs.linesRefused(id, isFenced),
      onTakenOver: () => {},
      isAway: () => false,
      onError: (error) => this.errors.push(error),
    });
    this.#offers = new Offers({
      engine,
      log: pino({ level: "silent" }),
      hosts: () => [],
      entries: () => this.store.ledger.entries.values(),
      isStopped: () => this.#isClosed,
      reload: () => this.store.reload(),
      onSettled: () => {},
    });
    this.bus.on("decided", (_changes, decision) => this.onDecision(decision));
    this.lifecycle = new Lifecycle(this.store, layout);
    this.queues = new FleetSetting<SavedQueues>("queues", {}, parseQueues, engine);
    const parse = (json: unknown) => parseSchedules(json as unknown[]);
    this.schedules = new FleetSetting<readonly Schedule[]>("schedules", [], parse, engine);
    const services = {
      layout,
      bus: this.bus,
      settings: { maxLog: 1024 * 1024 },
      log: { logger: pino({ level: "silent" }) },
    };
    this.runs = new FleetRuns({
      engine,
      services: services as unknown as EngineParts,
      workerEvents: new WorkerEvents(layout.workers),
      find: (id) => this.store.find(id),
      isAway: () => false,
      running: () => [],
      runsHere: (entry) => entry.run?.claim?.host === host,
      onFenced: () => {},
    });
  }

  static async open(fleet: Fleet, host: string, dir: string): Promise<FleetOpened> {
    const engine = await fleet.host(host, { owner: dir });
    const opened = new FleetOpened(fleet, host, dir, engine);
    await opened.store.start();
    await opened.#take();
    opened.store.follow();
    return opened;
  }

  async start(id: string): Promise<Entry | null> {
    const entry = this.store.ledger.get(id);
    if (entry?.record.state !== "queued") return null;
    const event = this.startOf(entry);
    const { version: expect, nextAttempt: attempt } = entry;
    const candidates = [{ id, expect, attempt, decision: { ...this.started, id, event } }];
    const [claimed] = await this.store.claim({
      candidates,
      workers: [WORKER],
      token: randomUUID(),
    });
    if (!claimed) return null;
    await this.store.until(claimed.n);
    return this.store.ledger.get(id) ?? null;
  }

  /**
   * Finds, as the renewal of the session does, that the engine lost writes. Resolves when the state
   * is loaded anew.
   */
  findLostWrites(): Promise<void> {
    return this.#offers.make();
  }

  async caughtUp(): Promise<void> {
    for (;;) {
      const { n } = await this.engine.position();
      try {
        return await this.store.until(n);
      } catch (error) {
        // The state was loaded anew meanwhile.
        if (!(error instanceof LostWritesError)) throw error;
      }
    }
  }

  async reopen(): Promise<FleetOpened> {
    await this.close();
    return FleetOpened.open(this.fleet, this.host, this.layout.root);
  }

  async seal(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.runs.stop();
    await this.store.stop();
    await this.engine.leave();
    await this.engine.end();
  }

  async #versions(settings: number): Promise<void> {
    if (settings === this.#settings) return;
    this.#settings = settings;
    await this.#take().catch((error) => this.errors.push(error));
  }

  async #take(): Promise<void> {
    const rows = await this.engine.settings();
    for (const setting of [this.queues, this.schedules])
      setting.take(rows.find(({ name }) => name === setting.name) ?? null);
  }
}

/** An implementation, and what opens it. All that is open at the end of a test is closed. */
export interface Seam {
  readonly name: "embedded" | "fleet";
  /** A new, empty state. */
  open(): Promise<Opened>;
  reopen(opened: Opened): Promise<Opened>;
  close(opened: Opened): Promise<void>;
}

/** Runs the suite against each implementation. */
export function describeSeam(subject: string, suite: (seam: Seam) => void): void {
  describe(`${subject}, embedded`, () => suite(embeddedSeam()));
  describe(`${subject}, fleet`, { tags: ["postgresql"] }, () => suite(fleetSeam()));
}

export function embeddedSeam(): Seam {
  const directory = useDirectories();
  const { keep, reopen, close } = kept();
  return {
    name: "embedded",
    open: async () => keep(await Embedded.open(directory())),
    reopen,
    close,
  };
}

/** For tests with the tag `postgresql`. */
export function fleetSeam() {
  // Stores are closed before the engines: hooks run in the reverse order.
  const fleet = useFleet();
  const directory = useDirectories();
  const { keep, reopen, close } = kept();
  return {
    name: "fleet" as const,
    fleet,
    open: async () => {
      await fleet.create();
      return keep(await FleetOpened.open(fleet, "a", directory()));
    },
    reopen: reopen as (opened: Opened) => Promise<FleetOpened>,
    close,
    /** Another host on the state that was opened last. */
    second: async (host = "b") => keep(await FleetOpened.open(fleet, host, directory())),
  };
}

function kept() {
  const open = new Set<Opened>();
  const keep = <O extends Opened>(opened: O): O => {
    open.add(opened);
    return opened;
  };
  afterEach(async () => {
    await Promise.all([...open].map((opened) => opened.close()));
    open.clear();
  });
  return {
    keep,
    reopen: async (opened: Opened): Promise<Opened> => {
      open.delete(opened);
      return keep(await opened.reopen());
    },
    close: async (opened: Opened): Promise<void> => {
      open.delete(opened);
      await opened.close();
    },
  };
}
