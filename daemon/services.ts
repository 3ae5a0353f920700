/**
 * The daemon's services and the callbacks between them. `daemon.ts` starts and stops the services.
 */
import type { Operation } from "../protocol/operation.js";
import { isFinal } from "../protocol/state.js";
import type { Config } from "../protocol/system/config-types.js";
import { Submissions } from "./admission/submissions.js";
import { Bus } from "./bus.js";
import { childEnvironment } from "./child-environment.js";
import type { Engine, EngineServices, MakeEngine } from "./engine.js";
import { Hooks } from "./hooks/hooks.js";
import { Stalls } from "./hooks/stalls.js";
import { hostCounters } from "./hosts/host-counters.js";
import type { Hosts } from "./hosts/hosts.js";
import { isPausedNow, Lifecycle } from "./lifecycle.js";
import { LoadProblems } from "./loader/load-problems.js";
import { Loader, type Types } from "./loader/loader.js";
import { AuditLog } from "./log/audit-log.js";
import type { DaemonLog } from "./log/daemon-log.js";
import type { Log } from "./log/log.js";
import { Metrics } from "./metrics/metrics.js";
import { findOperation, operationView, withVariables } from "./operation-view.js";
import { CopiedState } from "./recovery/copied-state.js";
import { Retention } from "./recovery/retention.js";
import { StaleWorkerCleaner } from "./recovery/stale-workers.js";
import { linesAfter } from "./run-files/log-slices.js";
import { isUnreadable } from "./run-files/unreadable.js";
import { Durations } from "./scheduler/durations.js";
import { BlockedTypes } from "./scheduler/holds/blocked-types.js";
import { Dependencies } from "./scheduler/holds/dependencies.js";
import { StartTimes } from "./scheduler/holds/start-time.js";
import { TypeLimits } from "./scheduler/holds/type-limits.js";
import { Queue } from "./scheduler/queue.js";
import { Queues } from "./scheduler/queues.js";
import { Scheduler } from "./scheduler/scheduler.js";
import { Waiting } from "./scheduler/waiting.js";
import { Schedules } from "./schedules/schedules.js";
import type { Settings } from "./settings.js";
import { Stopping } from "./stopping.js";
import type { Entry } from "./store/decision.js";
import { type Layout, runDir } from "./store/layout.js";
import { StateDocumentWriter } from "./store/state-document.js";
import type { Store } from "./store/store.js";
import { TrustedClock } from "./store/trusted-clock.js";
import { Tracing } from "./traces/tracing.js";
import { Hub } from "./watch/hub.js";
import { fits, type Scope } from "./watch/scope.js";
import { Containment } from "./worker/containment.js";

export class Services implements EngineServices {
  readonly bus = new Bus();
  readonly queue = new Queue();
  readonly queues: Queues;
  readonly dependencies: Dependencies;
  readonly clock: TrustedClock;
  readonly engine: Engine;
  readonly store: Store;
  readonly stateDocument: StateDocumentWriter;
  readonly lifecycle: Lifecycle;
  readonly loader: Loader;
  readonly loadProblems: LoadProblems;
  readonly types: Types;
  readonly hub: Hub;
  readonly blockedTypes: BlockedTypes;
  readonly durations: Durations;
  readonly copied: CopiedState;
  readonly containment: Containment;
  readonly scheduler: Scheduler;
  readonly waiting: Waiting;
  readonly typeLimits: TypeLimits;
  readonly cleaner: StaleWorkerCleaner;
  readonly stopping: Stopping;
  readonly audit: AuditLog;
  readonly retention: Retention;
  readonly submissions: Submissions;
  readonly schedules: Schedules;
  readonly hooks: Hooks;
  readonly stalls: Stalls;
  readonly hosts: Hosts;
  readonly counters = hostCounters(this.bus);
  readonly metrics: Metrics;
  readonly tracing: Tracing;

  /** @param broken called when the store can no longer be written: the daemon must stop */
  constructor(
    readonly settings: Settings,
    readonly layout: Layout,
    readonly log: DaemonLog,
    readonly broken: (error: Error) => void,
    makeEngine: MakeEngine,
  ) {
    const { logger } = log;
    const { traces, fleet } = settings;
    const { bus } = this;
    const find = (id: string) => this.store.ledger.get(id);
    logDecisions(bus, logger);
    this.metrics = new Metrics(bus, find);
    this.tracing = new Tracing({ bus, find, settings: traces, host: fleet?.host ?? null, log: logger });
    this.clock = new TrustedClock(layout.clock);
    this.engine = makeEngine(this);
    this.store = this.engine.store;
    this.hosts = this.engine.hosts;
    this.stateDocument = new StateDocumentWriter(layout.document, bus, {
      journal: () => this.store.journalNumber,
      counts: () => this.store.counts(),
      operations: () => this.#inOrder([...this.store.recent.values(), ...this.#live()]),
      onError: (error) => logger.error({ err: error }, `${layout.document} could not be written`),
    });
    const dependents = {
      waiterOf: (id: string) => this.dependencies.waiterOf(id),
      cancelled: (id: string) => this.dependencies.cancelled(id),
    };
    const sharedNow = () => this.engine.now();
    this.lifecycle = new Lifecycle(this.store, layout, settings, dependents, sharedNow);
    this.loader = new Loader(
      settings.opsDirs,
      (line) => logger.info({ source: "loader" }, line),
      settings.fromDaemon,
      () => this.loadProblems.update(),
    );
    this.loadProblems = new LoadProblems(this.loader, logger);
    this.types = this.engine.typesOf(this.loader);
    this.hub = new Hub(bus, {
      record: (id) => {
        const entry = this.store.find(id);
        return entry ? this.present(entry) : null;
      },
      matching: (scope) => this.#matching(scope),
      queued: (queue) => this.#queued(queue),
      counts: () => this.store.counts(),
      linesAfter: (id, after, limit) => this.#linesAfter(id, after, limit),
    });
    this.queues = new Queues({
      saved: this.engine.queues,
      get concurrency() {
        return settings.concurrency;
      },
      isFlag: settings.flags.concurrency !== null,
      get configured() {
        return settings.queues;
      },
      bus,
    });
    this.waiting = new Waiting({
      bus,
      queue: this.queue,
      entry: (id) => this.store.ledger.get(id) ?? null,
      onReady: () => this.scheduler.kick(),
      isWatched: () => this.hub.watchers > 0,
    });
    this.dependencies = new Dependencies({
      bus,
      find: (id) => this.store.find(id),
      reject: (id, outcome) => this.lifecycle.reject(id, outcome),
      waiting: this.waiting,
    });
    this.durations = new Durations(this.store.archive, bus);
    this.blockedTypes = new BlockedTypes({
      bus,
      store: this.store,
      lifecycle: this.lifecycle,
      loader: this.loader,
      waiting: this.waiting,
      log: logger,
      file: layout.blockedTypes,
      get maxWait() {
        return settings.maxTypeWait;
      },
      hasElsewhere: (op) => this.engine.hasElsewhere(op),
    });
    this.typeLimits = new TypeLimits({
      entry: (id) => this.store.ledger.get(id),
      waiting: this.waiting,
      running: () => this.scheduler.attempts.values(),
      loader: this.loader,
    });
    this.copied = new CopiedState(layout);
    this.containment = new Containment({ setting: settings.cgroup, log: logger });
    this.scheduler = this.#makeScheduler();
    const startTimes = new StartTimes({ waiting: this.waiting, now: sharedNow });
    // Every reason to wait, in the order in which they are asked and shown.
    this.waiting.use([
      ...[this.dependencies, startTimes],
      ...[this.copied, this.blockedTypes, this.typeLimits, this.queues],
      { name: "placement", why: (entry) => this.hosts.blocked(entry) },
      { name: "workers", why: () => this.scheduler.pool.blocked },
    ]);
    this.cleaner = new StaleWorkerCleaner({
      dir: layout.workers,
      isNeeded: (workerId) => this.scheduler.needs(workerId),
      kill: (workerId) => this.containment.killUnknown(workerId),
      onEnded: (workerId) =>
        logger.warn({ worker: workerId }, "a worker that belongs to no operation was ended"),
    });
    this.stopping = new Stopping(this.scheduler, this.lifecycle, this.store);
    this.audit = new AuditLog(layout);
    const { store, lifecycle, clock } = this;
    this.retention = new Retention({
      archive: store.archive,
      lifecycle,
      limits: settings,
      clock,
      log: logger,
    });
    this.submissions = new Submissions({
      ...{ store, lifecycle, settings, loader: this.types, queues: this.queues, hosts: this.hosts },
      waiting: this.waiting,
      isStopping: () => this.stopping.begun,
      find: (typed) => findOperation(store, typed),
    });
    this.hooks = new Hooks({
      bus,
      file: layout.hooks,
      log: logger,
      store,
      emptyQueue: (name) => {
        const counts = this.countsOf(name);
        return counts.queued + counts.running > 0 ? null : this.queues.describe(name, counts);
      },
      isOurs: (entry) => this.engine.ownsHooks(entry),
      get configured() {
        return settings.hooks;
      },
      get timeout() {
        return settings.hookTimeout;
      },
      get env() {
        return hookEnvironment(settings);
      },
      onProblem: (problem) => this.addProblem(problem),
      onRun: (hook, hasFailed) => this.metrics.hookRan(hook, hasFailed),
    });
    this.stalls = new Stalls({
      bus,
      get after() {
        return settings.stallAfter;
      },
      running: () =>
        [...this.scheduler.attempts.values()]
          .filter(({ entry, outcome }) => outcome === null && this.hooks.watchesStall(entry.record))
          .map(({ entry, stalledSince }) => ({
            entry,
            isStopped: stalledSince !== null,
            isPaused: isPausedNow(entry.record),
          })),
      onStall: (entry) => this.hooks.stalled(entry),
    });
    this.schedules = new Schedules({
      saved: this.engine.schedules,
      log: logger,
      archive: store.archive,
      submit: async (draft, key) => {
        const { entries } = await this.submissions.submit([draft], { isBatch: false, key });
        return entries[0]!.record.id;
      },
      cancel: async (id) => {
        await lifecycle.cancel(id);
        this.scheduler.stopOperation(id);
      },
      now: () => new Date(this.engine.now()),
    });
  }

  /** The record as shown, with its momentary values. */
  present(entry: Entry): Operation {
    const attempt = this.scheduler.attempts.get(entry.record.id);
    const why = (it: Entry) => this.waiting.why(it);
    const waitsFor = (id: string) => this.dependencies.waitsFor(id);
    const shown = operationView(entry, this.queue, attempt, why, waitsFor);
    const hookFailures = this.hooks.failuresOf(entry.record.id);
    return hookFailures ? { ...shown, hookFailures } : shown;
  }

  /** Settings have changed: `commit` changes them, and services take over what they keep. */
  reload(changed: ReadonlySet<keyof Config>, commit: () => void): void {
    const { settings, scheduler, loader, retention } = this;
    const has = (...keys: Array<keyof Config>) => keys.some((key) => changed.has(key));
    this.queues.configure(commit);
    if (has("logLevel", "maxDaemonLog")) this.log.configure(settings.maxDaemonLog, settings.logLevel);
    if (has("ops", "env")) loader.renew();
    if (has("ops", "env", "nice")) scheduler.pool.renew();
    if (has("keepFinished", "keepDays")) void retention.sweep();
    scheduler.kick();
  }

  /** Pauses all queues. */
  async pauseQueues(): Promise<void> {
    await this.queues.pause(this.queues.names(), true);
  }

  /** As `present`, with the values that lists and streams leave out: large ones, and the names of the variables. */
  whole(entry: Entry): Operation {
    const traceparent = this.tracing.traceparentOf(entry.record.id);
    const record = {
      ...withVariables(this.present(entry), entry),
      ...(traceparent !== null && { traceparent }),
    };
    return this.store.payloads.complete(record, (problem) => this.addProblem(problem));
  }

  /** Before `noteStored`: operations that the original of a copied state directory may run are held. */
  recogniseCopy(): void {
    const { store, copied, log } = this;
    copied.recognise({
      entries: () => store.ledger.entries.values(),
      journalNumber: store.journalNumber,
      runsQueued: this.settings.runsQueued,
    });
    const found = copied.describe();
    if (found !== null) log.logger.warn(found);
  }

  /** Adds the operations that the store loaded to the hub and the queue. */
  noteStored(): void {
    const entries = [...this.store.ledger.entries.values()];
    for (const { record } of entries) this.hub.changed(null, record);
    this.waiting.add(entries.filter(({ record }) => record.state === "queued"));
  }

  /** As `noteStored`, for the newest finished operations: they are read after the daemon answers. */
  noteFinished(): void {
    for (const entry of this.store.recent.values()) this.hub.changed(null, entry.record);
  }

  #makeScheduler(): Scheduler {
    const { settings, layout, store, lifecycle, loader, blockedTypes, containment, copied } = this;
    const { queue, queues, waiting, typeLimits } = this;
    return new Scheduler({
      bus: this.bus,
      ...{ store, lifecycle, loader, queue, queues, layout, containment, copied },
      ...{ waiting, blockedTypes, typeLimits },
      ...{ opsDirs: settings.opsDirs, fromDaemon: settings.fromDaemon },
      get nice() {
        return settings.nice;
      },
      get maxLog() {
        return settings.maxLog;
      },
      isAwaited: (id) => this.dependencies.isAwaited(id),
      isTraced: (id) => this.tracing.isSampled(id),
      log: this.log.logger,
      userCode: () => loader.hasUserCode(settings.shippedDirs),
      onLeft: () => this.cleaner.start(),
      onBroken: this.broken,
      slots: () => this.engine.slots(),
      runsHere: (entry) => this.engine.runsHere(entry),
      outbox: this.engine.outbox,
      leaseFile: this.engine.leaseFile,
      whyLeaseEnded: () => this.engine.whyLeaseEnded(),
      ...(this.engine.makeStarter && { makeStarter: this.engine.makeStarter }),
    });
  }

  now(): number {
    return this.clock.now();
  }

  /** The live operations of a queue. */
  countsOf(queue: string): { queued: number; running: number } {
    const counts = { queued: 0, running: 0 };
    for (const { record } of this.store.ledger.entries.values())
      if (record.queue === queue && (record.state === "queued" || record.state === "running"))
        counts[record.state]++;
    return counts;
  }

  #matching(scope: Scope): Operation[] {
    const finished = [...this.store.recent.values()].filter((entry) => fits(scope, entry.record));
    const newest = finished.slice(Math.max(0, finished.length - scope.limit));
    return this.#inOrder([...newest, ...this.#live().filter((entry) => fits(scope, entry.record))]);
  }

  *#queued(queue: string | null): Generator<Operation> {
    for (const { record } of this.store.ledger.entries.values())
      if (record.state === "queued" && (queue === null || record.queue === queue)) yield record;
  }

  #live(): Entry[] {
    return [...this.store.ledger.entries.values()].filter((entry) => !isFinal(entry.record.state));
  }

  #inOrder(entries: Entry[]): Operation[] {
    return entries.sort((a, b) => a.order - b.order).map((entry) => this.present(entry));
  }

  #linesAfter(id: string, after: number, limit: number) {
    try {
      return linesAfter(runDir(this.layout, id), after, limit).lines;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      // A stream of many operations continues with the others; a request for this log is answered with the reason.
      this.log.logger.warn({ err: error, id }, "log lines of a watch stream cannot be read");
      return [];
    }
  }

  addProblem(problem: string): void {
    if (this.store.problems.includes(problem)) return;
    this.store.addProblem(problem);
    this.log.logger.error(problem);
  }
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

/** Hooks of the config file run in the daemon's name: they get its environment as operations may get it. */
function hookEnvironment({ fromDaemon }: Settings): Record<string, string> {
  const { env, startOnly } = childEnvironment(process.env, fromDaemon);
  for (const name of startOnly) delete env[name];
  return env;
}
