/**
 * Makes a daemon of its parts, and then its features. No other module wires them; `daemon.ts`
 * starts and stops them.
 */
import { Submissions } from "./admission/submissions.js";
import { Bus } from "./bus.js";
import type { Engine, MakeEngine } from "./engine.js";
import { type Feature, firstOf } from "./feature.js";
import { Lifecycle } from "./lifecycle.js";
import { LoadProblems } from "./loader/load-problems.js";
import { Loader } from "./loader/loader.js";
import type { DaemonLog } from "./log/daemon-log.js";
import type { Log } from "./log/log.js";
import { CopiedState } from "./recovery/copied-state.js";
import { Retention } from "./recovery/retention.js";
import { StaleWorkerCleaner } from "./recovery/stale-workers.js";
import { LogReaders } from "./run-files/log-readers.js";
import { Durations } from "./scheduler/durations.js";
import { Approvals } from "./scheduler/holds/approval.js";
import { Dependencies } from "./scheduler/holds/dependencies.js";
import { HoldOf } from "./scheduler/holds/hold.js";
import { StartTimes } from "./scheduler/holds/start-time.js";
import { NO_OUTBOX } from "./scheduler/outbox.js";
import { Paces } from "./scheduler/paces.js";
import { Queue } from "./scheduler/queue.js";
import { Queues } from "./scheduler/queues.js";
import { Scheduler, type SchedulerOptions } from "./scheduler/scheduler.js";
import { Stalls } from "./scheduler/stalls.js";
import { Stopping } from "./scheduler/stopping.js";
import { WaitEdges } from "./scheduler/wait-edges.js";
import { Waiting } from "./scheduler/waiting.js";
import type { Settings } from "./settings.js";
import type { Layout } from "./store/layout.js";
import { Hub } from "./watch/hub.js";
import { OperationView } from "./watch/operation-view.js";
import { Containment } from "./worker/containment.js";

/** Most problems that `liveopsd status` shows; the log has all of them. */
const MOST_PROBLEMS = 200;

/** The daemon without what its features make. */
export type Parts = ReturnType<typeof composeCore>;

export type MakeFeature = (parts: Parts) => Feature;

export interface Composition {
  settings: Settings;
  layout: Layout;
  log: DaemonLog;
  /** The features to plug in. */
  makeFeatures: readonly MakeFeature[];
  makeEngine: MakeEngine;
  /** Default: the scheduler that starts workers. */
  makeScheduler?: (options: SchedulerOptions) => Scheduler;
}

/**
 * The parts subscribe to the bus in the order in which they are made here, the features after them.
 */
export function compose({ makeFeatures, ...composition }: Composition): Parts {
  const features: Feature[] = [];
  const parts = composeCore(composition, features);
  for (const make of makeFeatures) features.push(make(parts));
  return parts;
}

/** @param features - empty until the parts are made */
function composeCore(
  {
    settings,
    layout,
    log: daemonLog,
    makeEngine,
    makeScheduler = (options) => new Scheduler(options),
  }: Omit<Composition, "makeFeatures">,
  features: readonly Feature[],
) {
  const log = daemonLog.logger;
  const bus = new Bus();
  logDecisions(bus, log);
  const loader: Loader = new Loader(
    settings.opsDirs,
    (line) => log.info({ source: "loader" }, line),
    settings.fromDaemon,
    () => loadProblems.update(),
  );
  const loadProblems = new LoadProblems(loader, log);

  // The engine uses the parts behind the getters once it is started.
  const engine: Engine = makeEngine({
    bus,
    settings,
    layout,
    log: daemonLog,
    loader,
    get lifecycle() {
      return lifecycle;
    },
    get scheduler() {
      return scheduler;
    },
    get queues() {
      return queues;
    },
    get hub() {
      return hub;
    },
    get view() {
      return view;
    },
  });
  const { store, hosts } = engine;
  const now = () => engine.now();
  const find = (id: string) => store.ledger.get(id);
  const entry = (id: string) => find(id) ?? null;
  bus.on("problem", (problem) => {
    if (store.problems.includes(problem)) return;
    log.error(problem);
    if (store.problems.length < MOST_PROBLEMS) store.addProblem(problem);
  });

  const lifecycle = new Lifecycle(
    store,
    layout,
    {
      waiterOf: (id) => dependencies.waiterOf(id),
      cancelled: (id) => dependencies.cancelled(id),
    },
    now,
  );
  const durations = new Durations(store.archive, bus);
  const paces = new Paces(bus);

  const queue = new Queue();
  const queues = new Queues({ bus, settings, saved: engine.queues });
  const waiting = new Waiting({
    bus,
    queue,
    entry,
    onReady: () => scheduler.kick(),
    isWatched: () => hub.watchers > 0,
  });
  const dependencies = new Dependencies({
    bus,
    waiting,
    find: (id) => store.find(id),
    reject: (id, outcome) => lifecycle.reject(id, outcome),
  });
  const edges = new WaitEdges({
    bus,
    store,
    lifecycle,
    dependencies,
    runsHere: (entry) => engine.runsHere(entry),
  });
  const copied = new CopiedState(layout);
  // Every reason to wait, in the order in which they are asked and shown.
  const approvals = new Approvals({ lifecycle, log, now });
  waiting.use([
    dependencies,
    approvals,
    new StartTimes({ waiting, now }),
    new HoldOf(
      (entry) => copied.why(entry),
      (entry) => copied.holds(entry),
    ),
    queues,
    new HoldOf((entry) => hosts.blocked(entry)),
    new HoldOf(() => scheduler.pool.blocked),
  ]);

  const logReaders = new LogReaders(bus, engine.outbox !== NO_OUTBOX);
  const containment = new Containment({ log });
  const scheduler: Scheduler = makeScheduler({
    bus,
    settings,
    layout,
    log,
    store,
    lifecycle,
    loader,
    queue,
    queues,
    waiting,
    edges,
    containment,
    copied,
    durations,
    outbox: engine.outbox,
    logReaders,
    workerSetup: engine.workerSetup,
    workerEvents: engine.workerEvents,
    slots: () => engine.slots(),
    runsHere: (entry) => engine.runsHere(entry),
    whyLeaseEnded: () => engine.whyLeaseEnded(),
    makeStarter: engine.makeStarter,
    isAwaited: (id) => dependencies.isAwaited(id),
    judge: () => firstOf(features, (feature) => feature.judge),
    onLeft: () => cleaner.start(),
  });
  const cleaner = new StaleWorkerCleaner({
    layout,
    scheduler,
    containment,
    log,
    workerEvents: engine.workerEvents,
  });
  const stopping = new Stopping(scheduler, lifecycle, store);
  const retention = new Retention({
    archive: store.archive,
    lifecycle,
    limits: settings,
    now,
    log,
  });

  const { attempts } = scheduler;
  const stalls = new Stalls({ bus, settings, attempts });
  const view = new OperationView({
    bus,
    log,
    store,
    queue,
    waiting,
    dependencies,
    edges,
    attempts,
    features,
    runs: engine.runs,
  });
  const hub = new Hub(bus, view, logReaders, durations);

  const types = engine.typesOf(loader);
  const submissions = new Submissions({
    store,
    lifecycle,
    scheduler,
    settings,
    loader: types,
    queues,
    hosts,
    waiting,
    isStopping: () => stopping.begun,
    find: (typed) => view.find(typed),
  });

  return {
    startedAt: new Date(now()).toISOString(),
    settings,
    layout,
    log,
    daemonLog,
    bus,
    now,
    find,
    features,
    engine,
    store,
    hosts,
    runs: engine.runs,
    loader,
    loadProblems,
    types,
    lifecycle,
    submissions,
    queue,
    queues,
    waiting,
    dependencies,
    edges,
    copied,
    scheduler,
    containment,
    cleaner,
    stopping,
    retention,
    view,
    hub,
    durations,
    paces,
    stalls,
  };
}

function logDecisions(bus: Bus, log: Log): void {
  bus.on("decided", ([change, ...others], { kind: decision }) => {
    if (change === undefined || !log.isLevelEnabled("debug")) return;
    const { id, before, after } = change;
    const { op, queue, attempt } = after ?? before!;
    const ids = others.map((other) => other.id);
    const more = ids.length === 0 ? {} : { ids: [id, ...ids] };
    log.debug({ decision, id, op, queue, attempt, ...more }, "recorded a decision");
  });
}
