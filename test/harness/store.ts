/**
 * A real store in a directory, with the lifecycle that changes its operations, and without
 * processes.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { Bus } from "../../daemon/bus.js";
import { Lifecycle } from "../../daemon/lifecycle.js";
import { identify } from "../../daemon/os/process-identity.js";
import { linesAfter } from "../../daemon/run-files/log-slices.js";
import { localRuns } from "../../daemon/run-files/runs.js";
import { SealedEvents } from "../../daemon/run-files/sealed-events.js";
import { WorkerEvents } from "../../daemon/run-files/worker-events.js";
import { Attempt } from "../../daemon/scheduler/attempt.js";
import type { Entry, IdempotencyKey, Policy } from "../../daemon/store/decision.js";
import { prepareStateDir } from "../../daemon/store/directories.js";
import { EmbeddedStore } from "../../daemon/store/embedded-store.js";
import { attemptDir, type Layout, layoutOf } from "../../daemon/store/layout.js";
import type { Outcome, Submission } from "../../protocol/event.js";
import { newId } from "../../protocol/id.js";
import type { FinalState } from "../../protocol/state.js";
import { placeIn } from "./file-writer.js";
import { submission } from "./records.js";

export const WORKER = { workerId: "worker000000", directory: "0:0", ...identify(process.pid) };
export const POLICY: Policy = { resumable: false, timeout: null, gracePeriod: 10, retry: null };

/** What the store takes the events from. A problem fails the test. */
export function sealedEvents(layout: Layout, workerEvents: WorkerEvents): SealedEvents {
  return new SealedEvents(layout, workerEvents, (problem) => {
    throw new Error(problem);
  });
}

export class OpenStore {
  readonly layout: Layout;
  readonly bus: Bus;
  readonly store: EmbeddedStore;
  readonly lifecycle: Lifecycle;
  readonly broken: Error[] = [];

  /** @param parts of a daemon that tests compose */
  constructor(
    readonly dir: string,
    parts: { layout: Layout; bus: Bus; store: EmbeddedStore; lifecycle: Lifecycle },
  ) {
    this.layout = parts.layout;
    this.bus = parts.bus;
    this.store = parts.store;
    this.lifecycle = parts.lifecycle;
    this.bus.on("broken", (error) => this.broken.push(error));
    this.bus.on("problem", (problem) => this.store.addProblem(problem));
  }

  static async open(dir: string): Promise<OpenStore> {
    const layout = layoutOf(dir);
    prepareStateDir(layout);
    const bus = new Bus();
    const workerEvents = new WorkerEvents(layout.workers);
    const store = new EmbeddedStore({
      layout,
      bus,
      attemptEvents: sealedEvents(layout, workerEvents),
    });
    const lifecycle = new Lifecycle(store, layout);
    const open = new OpenStore(dir, { layout, bus, store, lifecycle });
    await store.start();
    return open;
  }

  async submit(over: Partial<Submission> = {}, key: IdempotencyKey | null = null): Promise<string> {
    const id = over.id ?? newId();
    await this.lifecycle.submit([{ operation: submission({ ...over, id }), env: {}, key }]);
    return id;
  }

  async start(id: string): Promise<boolean> {
    return (await this.lifecycle.start(id, WORKER, POLICY)) !== null;
  }

  /** The attempt of a running operation. The test is its worker. */
  attempt(entry: Entry): Attempt {
    const dir = attemptDir(this.layout, entry.record.id, entry.record.attempt);
    mkdirSync(dir, { recursive: true });
    const error = (_fields: unknown, message?: string) => {
      throw new Error(message);
    };
    const containment = { kill: async () => {}, lookEverywhere() {}, pause() {}, pidsOf: () => [] };
    return new Attempt(entry, entry.run!, dir, placeIn(dir), null, {
      bus: this.bus,
      log: { error },
      containment,
      logReaders: { has: () => true },
      onOutcome: () => {},
    });
  }

  async finish(id: string, state: FinalState, next: Submission | null = null): Promise<void> {
    const { attempt, seq } = this.store.find(id)!.record;
    await this.lifecycle.conclude(id, attempt, seq, () => ({ finish: outcome(state, next) }));
  }

  /** Submits, runs and finishes an operation. */
  async finished(state: FinalState, over: Partial<Submission> = {}): Promise<string> {
    const id = await this.submit(over);
    await this.start(id);
    await this.finish(id, state);
    return id;
  }

  /** The operations as a client sees them, newest first. */
  seen(): string[] {
    return this.store
      .list({}, 1000)
      .map(({ record }) => `${record.id} ${record.state} ${record.attempt}`);
  }

  close(): Promise<void> {
    return this.store.stop();
  }
}

/** What a start, and a reader of every log, finds wrong in a state directory that no daemon has. */
export async function problemsIn(dir: string): Promise<string[]> {
  const layout = layoutOf(dir);
  const bus = new Bus();
  const report = (problem: string) => bus.emit("problem", problem);
  const workerEvents = new WorkerEvents(layout.workers);
  const attemptEvents = new SealedEvents(layout, workerEvents, report);
  const store = new EmbeddedStore({ layout, bus, attemptEvents });
  bus.on("problem", (problem) => store.addProblem(problem));
  await store.start();
  const runs = localRuns(
    layout,
    workerEvents,
    (...attempt) => store.sealedEvents(...attempt),
    report,
  );
  const all = store.list({}, Number.MAX_SAFE_INTEGER);
  for (const { record } of all) linesAfter(runs.of(record.id), 0, Number.MAX_SAFE_INTEGER);
  const left = readdirSync(layout.runs).filter((id) => store.find(id) === null);
  await store.stop();
  return [...store.problems, ...left.map((id) => `the run files of ${id} are left`)];
}

export function outcome(state: FinalState, next: Submission | null = null): Outcome {
  const error =
    state === "failed" ? { code: "LIVEOPS_EXCEPTION", message: "it broke", stack: null } : null;
  return { state, result: state === "succeeded" ? { rows: 3 } : null, error, next };
}
